// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/human_objects.hpp"

#include "daemon/util/qmp_context.hpp"
#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/keyval.hpp"
#include "protocol/qmp/text_value.hpp"

#include "qapi/qom_codec.hpp"
#include "qapi/qom_commands.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace iothreadd {
namespace {

Result<std::string> nothing(Result<void> &&result) {
    if (!result)
        return result.error();
    return std::string{};
}

/// `text` as a value of the type that qom-list shows; what is no such value stays a string, and is refused.
Json to_value(const std::string &type, const std::string &text) {
    std::int64_t number = 0;
    bool truth = false;
    if (type == "int" && qapi::parse_int64(text, number))
        return number;
    if (type == "bool" && qapi::parse_bool(text, truth))
        return truth;
    return text;
}

} // namespace

Result<std::string> human_object_add(QmpContext &context, HumanArguments arguments) {
    auto given = qapi::parse_keyval(arguments[0], "qom-type");
    if (!given)
        return given.error();
    auto options = qapi::decode_as<qapi::ObjectOptions>(given->tree, qapi::Input::text);
    if (!options)
        return options.error();
    return nothing(qmp_object_add(context, *options));
}

Result<std::string> human_object_del(QmpContext &context, HumanArguments arguments) {
    return nothing(qmp_object_del(context, {.id = std::string{arguments[0]}}));
}

Result<std::string> human_qom_list(QmpContext &context, HumanArguments arguments) {
    auto listed = qmp_qom_list(context, {.path = arguments.empty() ? "/" : std::string{arguments[0]}});
    if (!listed)
        return listed.error();
    std::string text;
    for (const qapi::ObjectPropertyInfo &property : *listed)
        text += fmt::format("{} ({})\n", property.name, property.type);
    return text;
}

Result<std::string> human_qom_get(QmpContext &context, HumanArguments arguments) {
    auto value =
        qmp_qom_get(context, {.path = std::string{arguments[0]}, .property = std::string{arguments[1]}});
    if (!value)
        return value.error();
    std::string text;
    write_json(text, *value);
    return text + "\n";
}

Result<std::string> human_qom_set(QmpContext &context, HumanArguments arguments) {
    qapi::QomSetArgs args{
        .path = std::string{arguments[0]}, .property = std::string{arguments[1]}, .value = {}};
    auto listed = qmp_qom_list(context, {.path = args.path});
    if (!listed)
        return listed.error();
    const auto found = std::ranges::find(*listed, args.property, &qapi::ObjectPropertyInfo::name);
    args.value = to_value(found == listed->end() ? "" : found->type, std::string{arguments[2]});
    return nothing(qmp_qom_set(context, args));
}

} // namespace iothreadd
