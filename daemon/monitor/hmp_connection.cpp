// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/hmp_connection.hpp"

#include "daemon/monitor/human_monitor.hpp"
#include "daemon/monitor/monitor_server.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace iothreadd {
namespace {

constexpr char kPrompt[] = "(iothreadd) ";

} // namespace

HmpConnection::HmpConnection(Setup setup, MonitorServer &server, bool readline)
    : ClientConnection(std::move(setup)),
      server_(server),
      editor_({.prompt = kPrompt, .echo = readline},
              [this](std::string_view line) { return server_.complete_human(*this, line); }) {
    std::string greeting =
        fmt::format("iothreadd {} monitor - type 'help' for more information\r\n", IOTHREADD_VERSION);
    show(greeting + editor_.prompt());
}

ClientState HmpConnection::state() const {
    const std::lock_guard lock{lock_};
    ClientState state = state_locked();
    state.human = true;
    return state;
}

void HmpConnection::show(std::string text) {
    const std::lock_guard lock{lock_};
    queue_locked(std::move(text));
}

bool HmpConnection::step() {
    std::string echo;
    const std::optional<std::string> line = editor_.next_line(echo);
    show(std::move(echo));
    if (!line)
        return editor_.has_input();
    {
        const std::lock_guard lock{lock_};
        command_began_locked();
    }
    std::string answer =
        editor_.cut_off() ? std::string{"Error: the line is too long\n"} : server_.run_human(*this, *line);
    answer = with_crlf(answer);
    if (!commands_stopped()) // not after `quit`
        answer += editor_.prompt();
    command_ended(std::move(answer));
    return true;
}

} // namespace iothreadd
