// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/pty_chardev.hpp"

#include "daemon/util/watched_descriptor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

Error no_terminal() {
    return generic_error("Failed to create PTY: {}", std::generic_category().message(errno));
}

/// Bytes pass unchanged, without echo.
void make_raw(int fd) {
    termios settings{};
    if (::tcgetattr(fd, &settings) != 0)
        return;
    ::cfmakeraw(&settings);
    ::tcsetattr(fd, TCSANOW, &settings);
}

/// Throw away what the last client did not read.
void forget_output(const std::string &path) {
    const UniqueFd other_side{::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (other_side)
        ::tcflush(other_side.get(), TCIFLUSH);
}

} // namespace

struct PtyChardev::Openings {
    Openings(boost::asio::io_context &io, UniqueFd fd) : descriptor(io) {
        descriptor.assign(fd.get());
        (void)fd.release();
    }
    ~Openings() { close_watched(descriptor); }
    Openings(const Openings &) = delete;
    Openings &operator=(const Openings &) = delete;

    void look();
    /// From now on.
    void look_anew() {
        look();
        closed = reopened = false;
    }

    boost::asio::posix::stream_descriptor descriptor;
    bool closed = false;   ///< somebody closed the path,
    bool reopened = false; ///< and then somebody opened it
    bool stopped = false;  ///< the chardev may be gone
};

/// Take note of what happened. poll(2) may be late to see that somebody closed it, and too late when the next
/// one is quick.
void PtyChardev::Openings::look() {
    char events[4096];
    for (;;) {
        const ssize_t bytes = ::read(descriptor.native_handle(), events, sizeof(events));
        if (bytes <= 0)
            return;
        inotify_event event{};
        for (std::size_t at = 0; at < static_cast<std::size_t>(bytes); at += sizeof(event) + event.len) {
            std::memcpy(&event, events + at, sizeof(event));
            if ((event.mask & (IN_CLOSE | IN_Q_OVERFLOW)) != 0)
                closed = true;
            else if ((event.mask & IN_OPEN) != 0)
                reopened = reopened || closed;
        }
    }
}

Result<PtyChardev::Terminal> PtyChardev::open() {
    Terminal terminal;
    terminal.master = UniqueFd{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    char path[PATH_MAX];
    if (!terminal.master || ::grantpt(terminal.master.get()) != 0 || ::unlockpt(terminal.master.get()) != 0 ||
        ::ptsname_r(terminal.master.get(), path, sizeof(path)) != 0)
        return no_terminal();
    terminal.path = path;
    // A hang-up is reported only after the other side was open once.
    const UniqueFd other_side{::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (!other_side)
        return no_terminal();
    make_raw(other_side.get());
    terminal.openings = UniqueFd{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    if (!terminal.openings || ::inotify_add_watch(terminal.openings.get(), path, IN_OPEN | IN_CLOSE) < 0)
        return no_terminal();
    return terminal;
}

PtyChardev::PtyChardev(boost::asio::io_context &io, std::string id, Terminal terminal)
    : RelayedChardev(io, std::move(id)), terminal_(std::move(terminal)) {}

Result<void> PtyChardev::start(Echo) {
    auto openings = duplicate(terminal_.openings.get());
    if (!openings)
        return openings.error();
    openings_ = std::make_shared<Openings>(io(), std::move(*openings));
    await_opening();
    return {};
}

void PtyChardev::stop() {
    RelayedChardev::stop();
    if (const auto openings = std::exchange(openings_, nullptr)) {
        openings->stopped = true;
        openings->descriptor.cancel();
    }
}

/// Whether somebody has the other side open.
bool PtyChardev::is_open() const {
    pollfd now{.fd = terminal_.master.get(), .events = POLLIN, .revents = 0};
    return ::poll(&now, 1, 0) >= 0 && (now.revents & POLLHUP) == 0;
}

void PtyChardev::await_opening() {
    if (is_shut_down())
        return;
    if (is_open()) {
        begin_client();
        return;
    }
    const auto wait = boost::asio::posix::descriptor_base::wait_read;
    openings_->descriptor.async_wait(wait,
                                     [this, openings = openings_](const boost::system::error_code &error) {
                                         if (error || openings->stopped)
                                             return;
                                         openings->look();
                                         await_opening();
                                     });
}

void PtyChardev::begin_client() {
    forget_output(terminal_.path);
    openings_->look_anew(); // that was an opening, and a closing, too
    auto input = duplicate(terminal_.master.get());
    auto output = duplicate(terminal_.master.get());
    const auto begun = input && output ? begin(std::move(*input), std::move(*output))
                                       : Result<void>{(input ? output : input).error()};
    if (!begun)
        retry_later(begun.error(), [this] { await_opening(); });
}

void PtyChardev::client_over(Over how) {
    if (how == Over::refused)
        await_closing();
    else
        await_opening();
}

/// Who was refused has to go, and somebody to come.
void PtyChardev::await_closing() {
    const auto wait = boost::asio::posix::descriptor_base::wait_read;
    openings_->descriptor.async_wait(wait,
                                     [this, openings = openings_](const boost::system::error_code &error) {
                                         if (error || openings->stopped)
                                             return;
                                         openings->look();
                                         if (openings->closed)
                                             forget_input();
                                         if (openings->reopened)
                                             await_opening();
                                         else
                                             await_closing();
                                     });
}

/// Throw away what a client said who was refused: the next one did not say it.
void PtyChardev::forget_input() const {
    constexpr int kMostReads = 64; // more than a terminal holds
    char said[4096];
    pollfd now{.fd = terminal_.master.get(), .events = POLLIN, .revents = 0};
    for (int reads = 0; reads < kMostReads && ::poll(&now, 1, 0) == 1 && (now.revents & POLLIN) != 0; ++reads)
        if (::read(terminal_.master.get(), said, sizeof(said)) <= 0)
            break;
}

} // namespace iothreadd
