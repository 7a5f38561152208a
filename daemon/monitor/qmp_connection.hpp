// SPDX-License-Identifier: Apache-2.0
//
// QmpConnection: a client that speaks QMP: its session on top of its bytes. Reading, parsing, out-of-band
// commands and writing happen in its home thread; its other commands run on the main thread, one at a time,
// beside those of the other clients.
//
// Thread: as each function says.
#pragma once

#include "daemon/monitor/client_connection.hpp"
#include "daemon/monitor/pending_fds.hpp"
#include "daemon/monitor/qmp_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class MonitorServer;

class QmpConnection final : public ClientConnection, public QmpClient {
public:
    QmpConnection(Setup setup, MonitorServer &server, QmpStyle style);

    ClientState state() const override;
    std::optional<EventForm> event_form(std::string_view name) const override;
    /// Dropped, and counted, when the client is too far behind.
    void send_event(const std::string &line) override;
    /// Answer a command that has ended. Any thread.
    void answer(const QmpCommand &command, const Result<QmpReply> &result);

    Result<void> enable(std::span<const std::string_view> capabilities) override;
    void set_event_filter(std::optional<std::vector<std::string>> events) override;
    Result<UniqueFd> take_fd() override;

private:
    bool step() override;
    bool wants_input() override;
    void receive(std::string_view bytes) override;
    void receive_fd(UniqueFd fd, std::uint64_t begin) override;
    void input_ended() override;
    bool begun() override;
    bool done() override;
    void closed() override;
    std::string line_for_room() override;

    MonitorServer &server_;
    const QmpStyle style_;

    // Guarded by lock_.
    QmpSession session_;
    PendingFds fds_;
    std::uint64_t running_end_ = 0;                        ///< where the in-band command that runs ended
    std::optional<std::vector<std::string>> event_filter_; ///< sorted
    std::uint64_t events_dropped_ = 0;                     ///< since the client was last told
    std::uint64_t all_events_dropped_ = 0;
};

} // namespace iothreadd
