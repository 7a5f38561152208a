// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/stdio_chardev.hpp"

#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace iothreadd {

StdioChardev::StdioChardev(boost::asio::io_context &io, std::string id, bool signals)
    : RelayedChardev(io, std::move(id)), signals_(signals) {}

Result<void> StdioChardev::start(Echo echo) {
    before_ = Before{.terminal = std::nullopt,
                     .input_flags = ::fcntl(STDIN_FILENO, F_GETFL),
                     .output_flags = ::fcntl(STDOUT_FILENO, F_GETFL)};
    set_up_terminal(echo);
    return begin_client();
}

/// With the monitor's own echo every key is told at once and unchanged; without, whole lines are.
void StdioChardev::set_up_terminal(Echo echo) {
    termios settings{};
    if (::tcgetattr(STDIN_FILENO, &settings) != 0)
        return; // a pipe or a file
    before_->terminal = settings;
    if (echo == Echo::by_monitor) {
        const tcflag_t output = settings.c_oflag;
        const tcflag_t signals = settings.c_lflag & ISIG;
        ::cfmakeraw(&settings);
        settings.c_oflag = output; // others write to it too, with plain line ends
        settings.c_lflag |= signals;
    }
    if (!signals_)
        settings.c_lflag &= ~static_cast<tcflag_t>(ISIG);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

Result<void> StdioChardev::begin_client() {
    auto input = duplicate(STDIN_FILENO);
    if (!input)
        return input.error();
    auto output = duplicate(STDOUT_FILENO);
    if (!output)
        return output.error();
    return begin(std::move(*input), std::move(*output));
}

void StdioChardev::client_over(bool input_ended) {
    if (input_ended)
        return;
    if (auto begun = begin_client(); !begun)
        spdlog::warn("{}", begun.error().desc);
}

void StdioChardev::stop() {
    RelayedChardev::stop();
    const auto before = std::exchange(before_, std::nullopt);
    if (!before)
        return;
    if (before->terminal)
        ::tcsetattr(STDIN_FILENO, TCSANOW, &*before->terminal);
    ::fcntl(STDIN_FILENO, F_SETFL, before->input_flags);
    ::fcntl(STDOUT_FILENO, F_SETFL, before->output_flags);
}

} // namespace iothreadd
