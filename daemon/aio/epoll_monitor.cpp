// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/epoll_monitor.hpp"

#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/aio_stats.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/aio/fd_events.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace iothreadd {

namespace {
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP);

// What one pass takes; the rest stays ready for the next.
constexpr std::size_t kEventsPerWait = 128;
} // namespace

Result<std::unique_ptr<EpollMonitor>> EpollMonitor::create(const Host &host) {
    UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    if (!epoll)
        return generic_error("Failed to initialize epoll: {}", std::strerror(errno));
    return std::unique_ptr<EpollMonitor>(new EpollMonitor(host, std::move(epoll)));
}

EpollMonitor::EpollMonitor(const Host &host, UniqueFd epoll)
    : events_(host.events), counters_(host.counters), epoll_(std::move(epoll)) {}

void EpollMonitor::control(int operation, AioHandler &handler) {
    epoll_event event{};
    event.events = handler.events() | EPOLLET;
    event.data.u64 = handler.token_;
    if (::epoll_ctl(epoll_.get(), operation, handler.fd(), &event) < 0)
        events_.add_ready(handler, POLLERR); // not a descriptor that can be watched
}

void EpollMonitor::add(AioHandler &handler) {
    slots_.insert(handler);
    control(EPOLL_CTL_ADD, handler);
}

void EpollMonitor::change(AioHandler &handler) { control(EPOLL_CTL_MOD, handler); }

void EpollMonitor::remove(AioHandler &handler) {
    slots_.erase(handler);
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, handler.fd(), nullptr);
}

void EpollMonitor::wait(std::int64_t timeout_ns) {
    int timeout_ms = timeout_ns < 0 ? -1 : 0;
    if (timeout_ns > 0) { // epoll_wait() knows milliseconds only
        pollfd watched{epoll_.get(), POLLIN, 0};
        const timespec timeout{timeout_ns / kNsPerSecond, timeout_ns % kNsPerSecond};
        counters_.enters.add();
        if (::ppoll(&watched, 1, &timeout, nullptr) <= 0)
            return;
        timeout_ms = 0;
    }
    collect(timeout_ms);
}

void EpollMonitor::peek() { collect(0); }

void EpollMonitor::collect(int timeout_ms) {
    std::array<epoll_event, kEventsPerWait> found;
    const int count = ::epoll_wait(epoll_.get(), found.data(), kEventsPerWait, timeout_ms);
    counters_.enters.add();
    for (int i = 0; i < count; ++i) {
        const epoll_event &event = found[static_cast<std::size_t>(i)];
        if (AioHandler *const handler = slots_.find(event.data.u64))
            events_.add_ready(*handler, event.events);
    }
}

} // namespace iothreadd
