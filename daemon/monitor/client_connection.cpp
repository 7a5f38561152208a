// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/client_connection.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <future>
#include <utility>

namespace iothreadd {
namespace {

#ifndef SO_PASSPIDFD
constexpr int SO_PASSPIDFD = 76; // since Linux 6.5
#endif

constexpr std::size_t kReadBytes = 64U << 10;
/// Buffers larger than this are given back when they have been written.
constexpr std::size_t kKeepBytes = 4U << 10;
/// How much unread input is thrown away at the end, so that the client sees an end of file and not a reset.
constexpr int kMaxDiscardedReads = 16;

/// What recvmsg() fills.
struct Received {
    std::array<char, kReadBytes> bytes;                               // NOLINT: filled by the read
    alignas(cmsghdr) std::array<char, CMSG_LEN(sizeof(int))> control; // NOLINT: room for one descriptor
};

/// Whoever closes a socket, here or later, does not wait until its peer has read everything.
void stop_lingering(int fd) {
    linger wait{};
    socklen_t length = sizeof(wait);
    if (::getsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, &length) != 0 || wait.l_onoff == 0 ||
        wait.l_linger == 0)
        return;
    wait = {};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
}

/// The descriptor that came along. There is room for no second one: the kernel closes it.
UniqueFd passed_fd(msghdr &message) {
    UniqueFd fd;
    for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        int number = -1;
        std::memcpy(&number, CMSG_DATA(part), sizeof(number));
        fd.reset(number);
        stop_lingering(number);
    }
    return fd;
}

/// A listening socket that somebody passed may want more of each message than descriptors, and what it
/// accepts does too: that would take their room, or be a descriptor itself. Sockets that know none of it say
/// so, which is as good.
void ask_for_passed_fds_only(int fd) {
    constexpr int kOff = 0;
    for (const int option : {SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD})
        ::setsockopt(fd, SOL_SOCKET, option, &kOff, sizeof(kOff));
}

} // namespace

ClientConnection::ClientConnection(Setup setup)
    : AioHandler(setup.socket.get(), POLLIN),
      home_(setup.home),
      socket_(std::move(setup.socket)),
      identity_(std::move(setup.identity)),
      label_(fmt::format("monitor '{}': client {}", identity_.monitor, identity_.id)),
      stalled_timeout_(setup.stalled_timeout),
      post_to_main_(std::move(setup.post_to_main)),
      forget_(std::move(setup.forget)) {
    ask_for_passed_fds_only(socket_.get());
}

ClientConnection::~ClientConnection() { assert(!registered()); }

void ClientConnection::start() {
    if (AioContext::current() == &home()) {
        attach();
        return;
    }
    home_.post([self = shared_from_this()] { self->attach(); });
}

void ClientConnection::attach() {
    {
        const std::lock_guard lock{lock_};
        if (closed_)
            return;
        wake_.emplace(home(), [this] { advance(); });
    }
    home().add(*this);
    advance();
}

void ClientConnection::wake() {
    if (AioContext::current() == &home() && advancing_)
        return; // it goes on by itself
    const std::lock_guard lock{lock_};
    if (wake_)
        wake_->schedule();
}

void ClientConnection::stop_commands() {
    {
        const std::lock_guard lock{lock_};
        commands_stopped_ = true;
    }
    wake();
}

void ClientConnection::finish() {
    {
        const std::lock_guard lock{lock_};
        finishing_ = true;
        commands_stopped_ = true;
    }
    wake();
}

void ClientConnection::abort() {
    {
        const std::lock_guard lock{lock_};
        aborted_ = true;
        commands_stopped_ = true;
    }
    wake();
}

void ClientConnection::abort_and_wait() {
    {
        const std::lock_guard lock{lock_};
        forgotten_ = true;
        commands_stopped_ = true;
    }
    if (AioContext::current() == &home()) {
        close();
        return;
    }
    std::promise<void> closed;
    home_.post([&] {
        close();
        closed.set_value();
    });
    closed.get_future().wait();
}

ClientConnection::Traffic ClientConnection::traffic() const {
    return {.bytes_in = bytes_in_.load(std::memory_order_relaxed),
            .bytes_out = bytes_out_.load(std::memory_order_relaxed),
            .waiting_bytes = waiting_bytes_.load(std::memory_order_relaxed)};
}

ClientState ClientConnection::state_locked() const {
    return {.identity = identity_,
            .human = false,
            .since = since_,
            .capabilities = {},
            .events = {},
            .commands = commands_,
            .events_dropped = 0,
            .traffic = traffic()};
}

bool ClientConnection::commands_stopped() const {
    const std::lock_guard lock{lock_};
    return commands_stopped_;
}

void ClientConnection::queue_locked(std::string text) {
    if (text.empty() || output_lost_ || output_ended_ || closed_)
        return;
    waiting_bytes_.fetch_add(text.size(), std::memory_order_relaxed);
    if (output_.empty())
        output_ = std::move(text);
    else
        output_ += text;
}

void ClientConnection::command_ended(std::string answer) {
    {
        const std::lock_guard lock{lock_};
        queue_locked(std::move(answer));
        --commands_running_;
    }
    wake();
}

AioHandler::Drained ClientConnection::ready(std::uint32_t revents) {
    hung_up_ = hung_up_ || (revents & POLLHUP) != 0;
    readable_ = readable_ || (revents & ~static_cast<std::uint32_t>(POLLOUT)) != 0;
    advance();
    return Drained::yes;
}

/// Do what there is to do, for one turn.
void ClientConnection::advance() {
    const auto self = shared_from_this();
    if (!registered())
        return;
    advancing_ = true;
    int steps = 0;
    while (steps < kStepsPerTurn) {
        if (commands_stopped())
            break;
        if (is_behind()) {
            write();
            if (is_behind() && registered())
                break;
        }
        if (!step() && !(wants_input() && readable_ && read()))
            break;
        ++steps;
    }
    write();
    advancing_ = false;
    settle();
    if (steps == kStepsPerTurn)
        wake(); // the rest, after the others
}

/// Take what is there; false: nothing is.
bool ClientConnection::read() {
    Received received; // NOLINT: filled by the read
    iovec buffer{.iov_base = received.bytes.data(), .iov_len = received.bytes.size()};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = received.control.data();
    message.msg_controllen = received.control.size();
    const ssize_t bytes = ::recvmsg(fd(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (bytes > 0) {
        const auto begin = bytes_in_.fetch_add(static_cast<std::uint64_t>(bytes), std::memory_order_relaxed);
        home().account().bytes.add(static_cast<std::uint64_t>(bytes));
        if (auto passed = passed_fd(message))
            receive_fd(std::move(passed), begin);
        receive({received.bytes.data(), static_cast<std::size_t>(bytes)});
        return true;
    }
    if (bytes < 0 && errno == EINTR)
        return true;
    readable_ = false;
    if (bytes < 0 && errno == EAGAIN)
        return false;
    input_over_ = true;
    input_ended();
    return true;
}

/// Send what is queued, as much as the socket takes.
void ClientConnection::write() {
    for (;;) {
        if (written_ == writing_.size()) {
            writing_.clear();
            written_ = 0;
            if (writing_.capacity() > kKeepBytes)
                writing_.shrink_to_fit();
            const std::lock_guard lock{lock_};
            if (output_.empty())
                queue_locked(line_for_room());
            if (output_.empty() || output_lost_)
                break;
            writing_.swap(output_);
        }
        const ssize_t sent =
            ::send(fd(), writing_.data() + written_, writing_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            const auto bytes = static_cast<std::size_t>(sent);
            written_ += bytes;
            waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
            bytes_out_.fetch_add(bytes, std::memory_order_relaxed);
            home().account().bytes.add(bytes);
            watch_stall(false);
        } else if (errno == EAGAIN) {
            watch_stall(true);
            return;
        } else if (errno != EINTR) {
            const std::lock_guard lock{lock_};
            output_lost_ = true;
            output_.clear();
            writing_.clear();
            written_ = 0;
            waiting_bytes_.store(0, std::memory_order_relaxed);
        }
    }
    watch_stall(false);
}

/// While the socket takes nothing: be told when it does, and do not wait for ever.
void ClientConnection::watch_stall(bool blocked) {
    const std::uint32_t wanted = blocked ? POLLIN | POLLOUT : POLLIN;
    if (events() != wanted && registered())
        set_events(wanted);
    if (!blocked || !is_behind()) {
        if (stalled_)
            stalled_->cancel();
        return;
    }
    if (!stalled_)
        stalled_.emplace(home(), [this] {
            spdlog::warn("{}: does not read its messages, disconnected", label_);
            abort();
        });
    if (!stalled_->armed())
        stalled_->arm_after(stalled_timeout_.count());
}

/// Whether the client sent no more than was read. It has hung up.
bool ClientConnection::nothing_unread() const {
    char next = 0;
    return input_over_ || ::recv(fd(), &next, sizeof(next), MSG_PEEK | MSG_DONTWAIT) == 0;
}

/// Is it over?
void ClientConnection::settle() {
    if (!registered())
        return;
    bool over = false;
    const bool is_done = input_over_ && done();
    const bool is_for_nobody = hung_up_ && begun() && nothing_unread();
    {
        const std::lock_guard lock{lock_};
        if (is_done || (finishing_ && commands_running_ == 0))
            output_ended_ = true;
        const bool all_sent = output_ended_ && waiting_bytes_.load(std::memory_order_relaxed) == 0;
        over = aborted_ || all_sent || is_for_nobody || (output_lost_ && (is_done || commands_stopped_));
    }
    if (over)
        close();
}

void ClientConnection::close() {
    {
        const std::lock_guard lock{lock_};
        if (std::exchange(closed_, true))
            return;
        output_lost_ = true;
        output_.clear();
        waiting_bytes_.store(0, std::memory_order_relaxed);
        wake_.reset();
    }
    stalled_.reset();
    if (registered())
        home().remove(*this);
    end_connection(fd());
    socket_.reset();
    closed();
    spdlog::debug("{}: disconnected", label_);
    {
        const std::lock_guard lock{lock_};
        if (forgotten_)
            return;
    }
    post_to_main_([self = shared_from_this()] { self->forget_(*self); });
}

void ClientConnection::end_connection(int fd) {
    ::shutdown(fd, SHUT_WR);
    std::array<char, kReadBytes> discarded; // NOLINT: filled by the read
    for (int reads = 0; reads < kMaxDiscardedReads; ++reads)
        if (::recv(fd, discarded.data(), discarded.size(), MSG_DONTWAIT) <= 0)
            break;
}

} // namespace iothreadd
