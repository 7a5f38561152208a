// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/fd_monitor.hpp"

#include "daemon/aio/epoll_monitor.hpp"
#include "daemon/aio/io_uring_monitor.hpp"

#include <spdlog/spdlog.h>

#include <atomic>

namespace iothreadd {

namespace {
/// A host without io_uring has none for every thread: say so once.
void warn_once(const Error &error) {
    static std::atomic_flag warned;
    if (!warned.test_and_set(std::memory_order_relaxed))
        spdlog::warn("event loops use epoll: {}", error.desc);
}
} // namespace

Result<FdMonitor::Created> FdMonitor::create(FdMonitorKind kind, const Host &host) {
    Created created;
    if (kind != FdMonitorKind::epoll) {
        auto ring = IoUringMonitor::create(host);
        if (ring.has_value()) {
            created.monitor = std::move(*ring);
            return created;
        }
        if (kind == FdMonitorKind::io_uring)
            return ring.error();
        warn_once(ring.error());
        created.fallback_reason = ring.error().desc;
    }
    auto epoll = EpollMonitor::create(host);
    if (epoll.has_error())
        return epoll.error();
    created.monitor = std::move(*epoll);
    return created;
}

} // namespace iothreadd
