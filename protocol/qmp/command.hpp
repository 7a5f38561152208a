// SPDX-License-Identifier: Apache-2.0
//
// CommandInfo: what a QMP session must know of a command before it can be run; one constant per command,
// generated from the schema. QmpReply: what running it gives.
//
// Source: QAPI schema keys of the same names.
#pragma once

#include "protocol/qmp/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace iothreadd {

enum CommandFlag : std::uint32_t {
    kAllowOob = 1U << 0,
    kNoSuccessResponse = 1U << 1,
    kAllowPreconfig = 1U << 2,
    kCoroutine = 1U << 3,
    kDeprecated = 1U << 4,
    kUnstable = 1U << 5,
};

struct CommandInfo {
    std::string_view name;
    std::uint32_t flags = 0;
};

/// JSON text in QMP's style that outlives every reply, such as the answer of query-qmp-schema.
struct SerialisedJson {
    std::string_view text;
};

/// The same, made for one reply.
struct ReplyText {
    std::string text;
};

using QmpReply = std::variant<Json, SerialisedJson, ReplyText>;

} // namespace iothreadd
