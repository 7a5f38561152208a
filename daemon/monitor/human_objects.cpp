// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/human_objects.hpp"

#include "daemon/monitor/monitor_server.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/qmp_context.hpp"
#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/keyval.hpp"
#include "protocol/qmp/option.hpp"
#include "protocol/qmp/text_value.hpp"

#include "qapi/qom_codec.hpp"
#include "qapi/qom_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

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

/// What the command line has as --object.
const OptionInfo &object_option(const QmpContext &context) {
    const auto options = context.monitors.api().options;
    const auto found = std::ranges::find(options, "object", &OptionInfo::name);
    assert(found != options.end());
    return *found;
}

void list_paths(const Object &object, std::vector<std::string> &paths) {
    paths.push_back(object.path());
    for (const auto &child : object.children())
        list_paths(*child, paths);
}

/// A path; then, where an object is at it, those of its properties that have what `member` is.
template <class Member>
Completions path_and_property(const QmpContext &context, HumanArguments before, Member Property::*member) {
    if (before.empty())
        return complete_qom_list(context, before);
    std::vector<std::string> names;
    const auto object = context.tree.resolve(before[0]);
    if (before.size() > 1 || !object)
        return names;
    for (const Property &property : context.tree.properties(**object))
        if (property.*member)
            names.push_back(property.name);
    return names;
}

} // namespace

Result<std::string> human_object_add(QmpContext &context, HumanArguments arguments) {
    std::string text;
    const auto add = [&](const qapi::ObjectOptions &options) { return qmp_object_add(context, options); };
    const auto help = [&](const OptionInfo &option, std::string_view type) -> Result<void> {
        text = option_help(option, type);
        return {};
    };
    auto applied =
        qapi::apply_structured<qapi::ObjectOptions>(object_option(context), arguments[0], add, help);
    if (!applied)
        return applied.error();
    return text;
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

Completions complete_object_add(const QmpContext &context, HumanArguments before) {
    std::vector<std::string> types;
    if (before.empty())
        for (const OptionType &type : object_option(context).types)
            types.emplace_back(type.name);
    return {std::move(types), true}; // with `,id=`
}

Completions complete_object_del(const QmpContext &context, HumanArguments before) {
    std::vector<std::string> ids;
    if (before.empty())
        for (const auto &object : context.tree.objects().children())
            ids.push_back(object->id());
    return ids;
}

Completions complete_qom_list(const QmpContext &context, HumanArguments before) {
    std::vector<std::string> paths;
    if (before.empty())
        list_paths(context.tree.root(), paths);
    return paths;
}

Completions complete_qom_get(const QmpContext &context, HumanArguments before) {
    return path_and_property(context, before, &Property::get);
}

Completions complete_qom_set(const QmpContext &context, HumanArguments before) {
    return path_and_property(context, before, &Property::set);
}

} // namespace iothreadd
