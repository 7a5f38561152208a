// SPDX-License-Identifier: Apache-2.0
//
// FdMonitor: how an AioContext learns that descriptors are ready. io_uring where the kernel gives us a ring,
// epoll where it does not (an old kernel, a container, seccomp); handlers see the same behaviour on both.
//
// Thread: home thread only, creation included.
#pragma once

#include "daemon/util/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace iothreadd {

class AioCounters;
class AioHandler;
class FdEvents;
class IoUringMonitor;

enum class FdMonitorKind { automatic, io_uring, epoll };

class FdMonitor {
public:
    /// What a monitor works for; both outlive it. `external_loop`: another loop watches watch_fd().
    struct Host {
        FdEvents &events;
        AioCounters &counters;
        bool external_loop;
    };

    /// Wait without a limit.
    static constexpr std::int64_t kForever = -1;

    struct Created {
        std::unique_ptr<FdMonitor> monitor;
        std::string fallback_reason; ///< why it is not the one that `automatic` would rather be; or empty
    };

    /// `automatic` takes io_uring and falls back to epoll, with one warning per process that names the
    /// reason.
    static Result<Created> create(FdMonitorKind kind, const Host &host);

    FdMonitor() = default;
    FdMonitor(const FdMonitor &) = delete;
    FdMonitor &operator=(const FdMonitor &) = delete;
    virtual ~FdMonitor() = default;

    virtual void add(AioHandler &handler) = 0;
    virtual void change(AioHandler &handler) = 0; ///< its events() are new
    virtual void remove(AioHandler &handler) = 0; ///< nothing of it is used after this

    /// Whether has_events() knows; if not, only wait() can tell that a descriptor is ready.
    virtual bool sees_events() const = 0;

    /// Whether wait() would find something now, seen without a system call: a reason to stop spinning.
    virtual bool has_events() const = 0;

    /// Look with a quick system call, if that shows more than has_events(), or sooner: for the rounds of a
    /// spin. Moves what it finds into FdEvents.
    virtual void peek() = 0;

    /// Whether changes or operations are queued that the kernel has not seen.
    virtual bool has_submissions() const = 0;

    /// Hand what is queued to the kernel, without waiting: no reason to forbid polling.
    virtual void submit() = 0;

    /// Submit what is queued, sleep at most `timeout_ns` (0: not at all) until something is there, and move
    /// what is there into FdEvents. May return early with nothing.
    virtual void wait(std::int64_t timeout_ns) = 0;

    /// Readable when wait(0) has something to do.
    virtual int watch_fd() const = 0;

    /// The ring, if this is one.
    virtual IoUringMonitor *ring() { return nullptr; }
};

} // namespace iothreadd
