// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/qmp_message.hpp"

#include "protocol/qmp/json_writer.hpp"

#include <fmt/format.h>

#include <utility>

namespace iothreadd {

namespace {

std::string to_line(std::string compact, QmpStyle style) {
    std::string line;
    if (style == QmpStyle::pretty)
        write_json_indented(line, compact);
    else
        line = std::move(compact);
    line += kQmpLineEnd;
    return line;
}

} // namespace

std::string qmp_greeting_line(const QmpVersion &version, std::span<const std::string_view> capabilities,
                              QmpStyle style) {
    std::string text = fmt::format(
        R"({{"QMP": {{"version": {{"qemu": {{"micro": {}, "minor": {}, "major": {}}}, "package": )",
        version.micro, version.minor, version.major);
    write_json_string(text, version.package);
    text += R"(}, "capabilities": [)";
    std::string_view separator;
    for (const std::string_view capability : capabilities) {
        text += separator;
        write_json_string(text, capability);
        separator = ", ";
    }
    text += "]}}";
    return to_line(std::move(text), style);
}

std::string qmp_return_line(const QmpReply &value, const std::optional<Json> &id, QmpStyle style) {
    constexpr std::size_t around = 64; // enough for an id that is a number and for what is always there
    std::string_view prepared;
    if (const auto *serialised = std::get_if<SerialisedJson>(&value))
        prepared = serialised->text;
    else if (const auto *made = std::get_if<ReplyText>(&value))
        prepared = made->text;
    std::string text;
    text.reserve(prepared.size() + around);
    text += R"({"return": )";
    if (const auto *tree = std::get_if<Json>(&value))
        write_json(text, *tree);
    else
        text += prepared;
    if (id) {
        text += R"(, "id": )";
        write_json(text, *id);
    }
    text += '}';
    return to_line(std::move(text), style);
}

std::string qmp_error_line(const Error &error, const std::optional<Json> &id, QmpStyle style) {
    std::string text = "{";
    if (id) {
        text += R"("id": )";
        write_json(text, *id);
        text += ", ";
    }
    text += R"("error": {"class": )";
    write_json_string(text, to_string(error.error_class));
    text += R"(, "desc": )";
    write_json_string(text, error.desc);
    text += "}}";
    return to_line(std::move(text), style);
}

std::string qmp_event_line(std::string_view name, const std::optional<Json> &data,
                           std::chrono::system_clock::time_point when, std::optional<std::int64_t> seq,
                           QmpStyle style) {
    using namespace std::chrono;
    const auto since_epoch = floor<microseconds>(when).time_since_epoch();
    const auto whole = floor<seconds>(since_epoch);
    std::string text = fmt::format(R"({{"timestamp": {{"seconds": {}, "microseconds": {}}}, "event": )",
                                   whole.count(), (since_epoch - whole).count());
    write_json_string(text, name);
    if (data) {
        text += R"(, "data": )";
        write_json(text, *data);
    }
    if (seq)
        text += fmt::format(R"(, "seq": {})", *seq);
    text += '}';
    return to_line(std::move(text), style);
}

} // namespace iothreadd
