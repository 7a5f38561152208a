// SPDX-License-Identifier: Apache-2.0
//
// PollRule as the schema calls it, IOThreadPollPolicy: the event loop knows nothing of the schema.
//
// Thread: any.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "qapi/iothread_types.hpp"

namespace iothreadd {

constexpr qapi::IOThreadPollPolicy to_qapi(PollRule rule) {
    return static_cast<qapi::IOThreadPollPolicy>(rule);
}

constexpr PollRule from_qapi(qapi::IOThreadPollPolicy policy) { return static_cast<PollRule>(policy); }

static_assert(to_qapi(PollRule::weighted) == qapi::IOThreadPollPolicy::weighted);
static_assert(to_qapi(PollRule::classic) == qapi::IOThreadPollPolicy::classic);
static_assert(to_qapi(PollRule::predictive) == qapi::IOThreadPollPolicy::predictive);

} // namespace iothreadd
