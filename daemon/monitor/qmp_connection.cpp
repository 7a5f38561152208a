// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_connection.hpp"

#include "daemon/monitor/monitor_server.hpp"
#include "daemon/util/thread.hpp"
#include "protocol/qmp/event_sink.hpp"

#include "qapi/control_events.hpp"

#include <algorithm>
#include <utility>

namespace iothreadd {
namespace {

std::uint64_t max_message_bytes(MonitorRole role) {
    return role == MonitorRole::read_only ? kMaxReadOnlyMessageBytes : JsonReader::kMaxTokenBytes;
}

/// Keeps the line of the one event that is emitted into it.
class OneLine final : public EventSink {
public:
    explicit OneLine(QmpStyle style) : style_(style) {}
    void emit(std::string_view name, std::optional<Json> data) override {
        line = qmp_event_line(name, data, std::chrono::system_clock::now(), std::nullopt, style_);
    }

    std::string line;

private:
    QmpStyle style_;
};

} // namespace

QmpConnection::QmpConnection(Setup setup, MonitorServer &server, QmpStyle style)
    : ClientConnection(std::move(setup)),
      server_(server),
      style_(style),
      session_({.commands = server.api().commands,
                .capabilities = {kOobCapability, kEventSeqCapability},
                .style = style,
                .max_token_bytes = max_message_bytes(permit().role)}) {
    const std::lock_guard lock{lock_};
    queue_locked(session_.greeting());
}

Result<void> QmpConnection::enable(std::span<const std::string_view> capabilities) {
    const std::lock_guard lock{lock_};
    return session_.enable(capabilities);
}

void QmpConnection::set_event_filter(std::optional<std::vector<std::string>> events) {
    if (events) {
        std::ranges::sort(*events);
        const auto twice = std::ranges::unique(*events);
        events->erase(twice.begin(), twice.end());
    }
    const std::lock_guard lock{lock_};
    event_filter_ = std::move(events);
}

Result<UniqueFd> QmpConnection::take_fd() {
    const std::lock_guard lock{lock_};
    UniqueFd fd = fds_.take(running_end_);
    if (!fd)
        return generic_error("No file descriptor supplied via SCM_RIGHTS");
    return fd;
}

std::optional<EventForm> QmpConnection::event_form(std::string_view name) const {
    const std::lock_guard lock{lock_};
    if (!session_.negotiated() || (event_filter_ && !std::ranges::binary_search(*event_filter_, name)))
        return std::nullopt;
    return EventForm{style_, session_.enabled(kEventSeqCapability)};
}

ClientState QmpConnection::state() const {
    const std::lock_guard lock{lock_};
    ClientState state = state_locked();
    if (session_.negotiated())
        state.capabilities = session_.enabled();
    state.events = event_filter_;
    state.events_dropped = all_events_dropped_;
    return state;
}

void QmpConnection::send_event(const std::string &line) {
    {
        const std::lock_guard lock{lock_};
        if (is_behind() || events_dropped_ > 0) {
            ++events_dropped_;
            ++all_events_dropped_;
        } else {
            queue_locked(line);
        }
    }
    wake();
}

std::string QmpConnection::line_for_room() {
    if (events_dropped_ == 0)
        return {};
    OneLine notice{style_};
    const auto count = static_cast<std::int64_t>(std::exchange(events_dropped_, 0));
    emit(notice, qapi::EventsDroppedEvent{.count = count});
    return std::move(notice.line);
}

void QmpConnection::answer(const QmpCommand &command, const Result<QmpReply> &result) {
    std::string line;
    {
        const std::lock_guard lock{lock_};
        line = session_.reply(command, result);
        if (!command.out_of_band)
            fds_.command_over(command.end);
    }
    command_ended(std::move(line));
}

bool QmpConnection::step() {
    std::optional<QmpStep> next;
    {
        const std::lock_guard lock{lock_};
        next = session_.next();
        if (!next)
            return false;
        if (auto *line = std::get_if<std::string>(&*next)) {
            queue_locked(std::move(*line));
            return true;
        }
        const auto &command = std::get<QmpCommand>(*next);
        if (!command.out_of_band)
            running_end_ = command.end;
        command_began_locked();
    }
    server_.run(std::static_pointer_cast<QmpConnection>(shared_from_this()),
                std::get<QmpCommand>(*std::move(next)));
    return true;
}

bool QmpConnection::wants_input() {
    const std::lock_guard lock{lock_};
    return session_.wants_input();
}

void QmpConnection::receive(std::string_view bytes) {
    const std::lock_guard lock{lock_};
    session_.feed(bytes);
}

void QmpConnection::receive_fd(UniqueFd fd, std::uint64_t begin) {
    if (!may_run(permit().role, "getfd"))
        return; // no command will take it
    const std::lock_guard lock{lock_};
    fds_.add(begin, std::move(fd), session_.in_band_end());
}

void QmpConnection::input_ended() {
    const std::lock_guard lock{lock_};
    session_.finish();
}

bool QmpConnection::begun() {
    const std::lock_guard lock{lock_};
    return session_.handed_out();
}

bool QmpConnection::done() {
    const std::lock_guard lock{lock_};
    return session_.done();
}

void QmpConnection::closed() {
    const std::lock_guard lock{lock_};
    fds_.clear();
}

} // namespace iothreadd
