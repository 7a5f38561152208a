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

Result<std::unique_ptr<FdMonitor>> FdMonitor::create(FdMonitorKind kind, const Host &host) {
    if (kind != FdMonitorKind::epoll) {
        auto ring = IoUringMonitor::create(host);
        if (ring.has_value())
            return std::unique_ptr<FdMonitor>(std::move(*ring));
        if (kind == FdMonitorKind::io_uring)
            return ring.error();
        warn_once(ring.error());
    }
    auto epoll = EpollMonitor::create(host);
    if (epoll.has_error())
        return epoll.error();
    return std::unique_ptr<FdMonitor>(std::move(*epoll));
}

} // namespace iothreadd
