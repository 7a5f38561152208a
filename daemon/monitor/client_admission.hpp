// SPDX-License-Identifier: Apache-2.0
//
// ClientAdmission: who may become a client of a monitor, in which role, and how many there may be. Read-only
// clients are the many, so some places are kept for operators, and no user of theirs gets all the others.
//
// Thread: main thread.
#pragma once

#include "daemon/monitor/role.hpp"
#include "daemon/util/log_pause.hpp"
#include "daemon/util/result.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace iothreadd {

class ClientConnection;
struct ChardevStream;

class ClientAdmission {
public:
    static constexpr std::size_t kMaxClients = 1024;
    static constexpr std::size_t kMaxReadOnlyClients = 960; ///< so that operators find a place
    static constexpr std::size_t kMaxReadOnlyClientsOfUser = 128;
    /// Clients who may not connect are logged once in this time.
    static constexpr std::chrono::seconds kDeniedLogPause{10};

    /// How many clients there may be; the other limits, if they are lower, stay.
    explicit ClientAdmission(std::size_t most) : most_(most) {}

    /// What a new client of `monitor` may do. `clients`: those there are.
    /// Errors: it may not connect; there are too many.
    Result<ClientPermit> admit(std::string_view monitor, std::span<const qapi::MonitorAllow> allow,
                               const ChardevStream &stream,
                               std::span<const std::shared_ptr<ClientConnection>> clients);

private:
    Result<void> check_room(const ClientPermit &permit,
                            std::span<const std::shared_ptr<ClientConnection>> clients) const;

    const std::size_t most_;
    LogPause denied_log_{kDeniedLogPause};
};

} // namespace iothreadd
