// SPDX-License-Identifier: Apache-2.0
//
// How each command's arguments and result are converted. Generated from the QAPI schema.

#include "golden/command_table.hpp"
#include "protocol/qmp/codec.hpp"
#include "golden/golden_commands.hpp"
#include "golden/golden_codec.hpp"
#include "golden/sub_tree_codec.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>

namespace iothreadd {
namespace {

Result<QmpReply> call_get_level(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::Empty>(arguments);
    if (args.has_error())
        return args.error();
    auto result = qmp_get_level(context);
    if (result.has_error())
        return result.error();
    return QmpReply{qapi::encode_text(*result)};
}

Result<QmpReply> call_paint_add(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::Paint>(arguments);
    if (args.has_error())
        return args.error();
    auto result = qmp_paint_add(context, *args);
    if (result.has_error())
        return result.error();
    return QmpReply{Json::object()};
}

Result<QmpReply> call_paint_list(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::Empty>(arguments);
    if (args.has_error())
        return args.error();
    auto result = qmp_paint_list(context);
    if (result.has_error())
        return result.error();
    return QmpReply{qapi::encode_text(*result)};
}

Result<QmpReply> call_paint_mix(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::PaintMixArgs>(arguments);
    if (args.has_error())
        return args.error();
    auto result = qmp_paint_mix(context, *args);
    if (result.has_error())
        return result.error();
    return QmpReply{qapi::encode_text(*result)};
}

Result<QmpReply> call_ratio_set(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::PaintRatio>(arguments);
    if (args.has_error())
        return args.error();
    auto result = qmp_ratio_set(context, *args);
    if (result.has_error())
        return result.error();
    return QmpReply{Json::object()};
}

Awaitable<Result<QmpReply>> call_tint_add(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::Tint>(arguments);
    if (args.has_error())
        co_return args.error();
    auto result = co_await qmp_tint_add(context, *args);
    if (result.has_error())
        co_return result.error();
    co_return QmpReply{Json::object()};
}

Result<QmpReply> call_wash(QmpContext &context, const Json &arguments) {
    auto args = qapi::decode_as<qapi::Empty>(arguments);
    if (args.has_error())
        return args.error();
    auto result = qmp_wash(context);
    if (result.has_error())
        return result.error();
    return QmpReply{Json::object()};
}

constexpr std::array<CommandInfo, 8> kCommands{{
    {"get-anything", 0},
    {"get-level", kAllowPreconfig},
    {"paint-add", 0},
    {"paint-list", kAllowOob},
    {"paint-mix", kUnstable},
    {"ratio-set", 0},
    {"tint-add", kCoroutine},
    {"wash", kNoSuccessResponse | kDeprecated},
}};
static_assert(std::ranges::is_sorted(kCommands, {}, &CommandInfo::name));

constexpr std::array<CommandHandler, 8> kHandlers{{
    {qmp_get_anything, nullptr},
    {call_get_level, nullptr},
    {call_paint_add, nullptr},
    {call_paint_list, nullptr},
    {call_paint_mix, nullptr},
    {call_ratio_set, nullptr},
    {nullptr, call_tint_add},
    {call_wash, nullptr},
}};

} // namespace

std::span<const CommandInfo> command_table() { return kCommands; }

std::span<const CommandHandler> command_handlers() { return kHandlers; }

} // namespace iothreadd
