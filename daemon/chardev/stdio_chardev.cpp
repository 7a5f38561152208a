// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/stdio_chardev.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <utility>

namespace iothreadd {

/// What we changed, put back at the end: others use the same terminal after us.
class StdioChardev::Before {
public:
    Before() : input_flags_(::fcntl(STDIN_FILENO, F_GETFL)), output_flags_(::fcntl(STDOUT_FILENO, F_GETFL)) {
        termios settings{};
        if (::tcgetattr(STDIN_FILENO, &settings) == 0)
            terminal_ = settings;
    }
    ~Before() {
        if (terminal_)
            ::tcsetattr(STDIN_FILENO, TCSANOW, &*terminal_);
        ::fcntl(STDIN_FILENO, F_SETFL, input_flags_);
        ::fcntl(STDOUT_FILENO, F_SETFL, output_flags_);
    }
    Before(const Before &) = delete;
    Before &operator=(const Before &) = delete;

    /// Nothing when it is a pipe or a file.
    const std::optional<termios> &terminal() const { return terminal_; }

private:
    std::optional<termios> terminal_;
    const int input_flags_;
    const int output_flags_;
};

StdioChardev::StdioChardev(boost::asio::io_context &io, std::string id, bool signals)
    : RelayedChardev(io, std::move(id)), signals_(signals) {}

Result<void> StdioChardev::start(Echo echo) {
    before_ = still_changed_.lock();
    if (!before_)
        before_ = std::make_shared<Before>();
    still_changed_ = before_;
    set_up_terminal(echo);
    return begin_client();
}

/// With the monitor's own echo every key is told at once and unchanged; without, whole lines are.
void StdioChardev::set_up_terminal(Echo echo) {
    if (!before_->terminal())
        return;
    termios settings = *before_->terminal();
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

/// Who was refused would be there anew at once, and refused again.
void StdioChardev::client_over(Over how) {
    if (how != Over::left)
        return;
    if (auto begun = begin_client(); !begun)
        retry_later(begun.error(), [this] { client_over(Over::left); });
}

void StdioChardev::stop() {
    RelayedChardev::stop();
    keep_while_leaving(std::exchange(before_, nullptr));
}

} // namespace iothreadd
