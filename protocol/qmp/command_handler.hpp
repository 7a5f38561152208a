// SPDX-License-Identifier: Apache-2.0
//
// CommandHandler: how to run one command: decode its arguments, call its qmp_*() function, encode the result.
// One constant per command, generated from the schema beside its CommandInfo.
//
// Thread: main thread; for a command with kAllowOob any, because it may run where its client is served.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/awaitable_fwd.hpp"
#include "protocol/qmp/command.hpp"
#include "protocol/qmp/json_fwd.hpp"

namespace iothreadd {

struct QmpContext;

/// Exactly one of the two is set, by the command's kCoroutine flag.
/// Lifetime: a coroutine reads context and arguments when it starts and later; they must outlive it.
struct CommandHandler {
    Result<QmpReply> (*sync)(QmpContext &, const Json &) = nullptr;
    Awaitable<Result<QmpReply>> (*coroutine)(QmpContext &, const Json &) = nullptr;
};

} // namespace iothreadd
