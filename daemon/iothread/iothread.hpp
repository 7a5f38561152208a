// SPDX-License-Identifier: Apache-2.0
//
// IOThread: a named thread with one AioContext, and the list of those who use it. The list is what this
// daemon exists for: whoever reaches the event loop is on it, so that a thread in use is never deleted, and
// anybody can ask why.
//
// Life: create() → complete() starts the thread → hold() and tokens → prepare_delete() refuses while there
// are holders → the destructor stops and joins.
//
// Thread: main thread, except holders().  Source: QEMU's iothread object; the list of holders is ours.
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/iothread/holder_token.hpp"
#include "daemon/iothread/iothread_parameters.hpp"
#include "daemon/qom/object.hpp"

#include <boost/intrusive/list.hpp>

#include <sys/types.h>

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace iothreadd {

class IOThreadPool;
struct IOThreadSnapshot;
struct IOThreadStatsSnapshot;

/// One holder of one IOThread. Owned by its token, linked into the IOThread's list.
struct HolderEntry : boost::intrusive::list_base_hook<> {
    HolderEntry(Holder the_holder, IOThread *the_iothread, AioContext &the_context)
        : holder(std::move(the_holder)),
          iothread(the_iothread),
          context(the_context),
          account(the_iothread != nullptr ? std::make_unique<AioAccount>() : nullptr) {}

    Holder holder;
    IOThread *iothread; ///< null: the main loop
    AioContext &context;
    std::unique_ptr<AioAccount> account; ///< what the holder had from the loop; null: the main loop
};

class IOThread final : public Object {
public:
    IOThread(std::string id, IOThreadParameters parameters, FdMonitorKind fd_monitor, IOThreadPool &pool);
    /// Stops and joins. Holders left at this point are a bug of ours: aborts with their names.
    ~IOThread() override;

    /// Start the thread; its id is known when this returns.
    /// Errors: thread pool limits that contradict each other; no event loop to be had from the kernel.
    Result<void> complete() override;
    /// Errors: GenericError that names the holders, at most kHoldersNamed of them.
    Result<void> prepare_delete() override;

    /// Become a holder, and get the event loop with it. Only after complete().
    HolderToken hold(Holder holder);

    /// Newest first.  Thread: any.
    std::vector<Holder> holders() const;

    // What is told about it.  Thread: any, under the pool's lock: while it is in the pool, it runs.
    IOThreadSnapshot snapshot() const;
    IOThreadStatsSnapshot stats() const;

    /// Tell of callbacks that have been running for too long and still are. Whether the thread did anything
    /// since it was last asked.
    bool look_for_stall();

    /// The kernel's id of the thread.
    pid_t thread_id() const { return thread_id_; }
    FdMonitorKind fd_monitor() const { return fd_monitor_; }
    const IOThreadParameters &parameters() const { return parameters_; }
    /// Take new values over, live, except for the CPUs. Errors: as check_thread_pool(); the old values stay.
    Result<void> set_parameters(const IOThreadParameters &parameters);

    /// Errors: none of `cpus` can be used; the old ones stay in force.
    Result<void> set_cpus(CpuList cpus);

    static constexpr std::size_t kHoldersNamed = 8;

private:
    friend class HolderToken;
    using HolderList = boost::intrusive::list<HolderEntry>;

    void run(std::promise<Result<void>> started);
    void stop();
    void end_thread();
    void detach(HolderEntry &entry);
    void abort_if_held() const;

    /// Callbacks that took too long.
    struct Stall {
        std::int64_t ns;
        std::optional<Holder> holder; ///< none: the loop's own
    };
    std::optional<Holder> holder_of(const AioAccount *account) const;
    void note_stall(const AioStall &stall);
    void report_stall();
    void emit_stall(const Stall &stall, bool ended);

    IOThreadPool &pool_;
    IOThreadParameters parameters_;
    const FdMonitorKind fd_monitor_;

    std::thread thread_;
    pid_t thread_id_ = -1;
    clockid_t cpu_clock_{};         ///< of the thread
    AioContext *context_ = nullptr; ///< owned by the thread's own stack, valid between complete() and stop()
    bool running_ = false;          ///< home thread only

    mutable std::mutex lock_; ///< holders and parameters change on the main thread only; others read them
    HolderList holders_;
    std::optional<Stall> stall_; ///< the last one that ended and was not told of yet; under lock_
    BottomHalf report_stall_;
    std::uint64_t passes_seen_ = 0;     ///< by look_for_stall()
    std::int64_t stall_logged_ns_ = 0;  ///< when the log last told of one
    std::int64_t stall_told_since_ = 0; ///< when the callbacks began that it told of last
};

} // namespace iothreadd
