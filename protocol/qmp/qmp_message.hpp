// SPDX-License-Identifier: Apache-2.0
//
// The four messages a QMP server sends, as lines ready for the wire. The members of the envelope come in the
// order clients are used to; those inside values in any.
//
// Thread: any.  Source: QMP as observed in QEMU 11.1.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/command.hpp"
#include "protocol/qmp/json.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace iothreadd {

/// Which QEMU release we match, because clients switch on it, and who we really are.
struct QmpVersion {
    int major = 11;
    int minor = 1;
    int micro = 1;
    std::string_view package = "iothreadd " IOTHREADD_VERSION;
};

/// How the lines of one connection look.
enum class QmpStyle { compact, pretty };

std::string qmp_greeting_line(const QmpVersion &version, std::span<const std::string_view> capabilities,
                              QmpStyle style);

/// `id` is the client's, if it gave one; null is one.
std::string qmp_return_line(const QmpReply &value, const std::optional<Json> &id, QmpStyle style);
std::string qmp_error_line(const Error &error, const std::optional<Json> &id, QmpStyle style);

/// `seq`, when there is one, comes last.
std::string qmp_event_line(std::string_view name, const std::optional<Json> &data,
                           std::chrono::system_clock::time_point when, std::optional<std::int64_t> seq,
                           QmpStyle style);

} // namespace iothreadd
