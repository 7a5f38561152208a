// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/run_blocking.hpp"

#include "daemon/util/thread.hpp"
#include "daemon/util/watched_descriptor.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <system_error>
#include <thread>

namespace iothreadd {

namespace asio = boost::asio;

namespace run_blocking_detail {
namespace {

/// The threads, and what waits for one. Any thread.
class Threads {
public:
    /// Errors: there is no thread, and none that this call could wait for.
    Result<void> run(const std::shared_ptr<Call> &call) {
        const std::lock_guard lock{mutex_};
        if (threads_ < kMaxBlockingCalls) {
            try {
                const SignalsBlocked in_thread;
                std::thread{[this, call]() mutable { work(std::move(call)); }}.detach();
                ++threads_;
                return {};
            } catch (const std::system_error &error) {
                if (threads_ == 0)
                    return generic_error("{}", error.code().message());
            }
        }
        waiting_.push_back(call);
        return {};
    }

private:
    void work(std::shared_ptr<Call> call) {
        set_thread_name("blocking call");
        while (call) {
            call->run_and_tell();
            call = next();
        }
    }
    /// Nothing: the thread is one of ours no more.
    std::shared_ptr<Call> next() {
        const std::lock_guard lock{mutex_};
        while (!waiting_.empty()) {
            auto call = waiting_.front().lock();
            waiting_.pop_front();
            if (call) // somebody still waits for it
                return call;
        }
        --threads_;
        return nullptr;
    }

    std::mutex mutex_;
    std::deque<std::weak_ptr<Call>> waiting_;
    int threads_ = 0;
};

/// Never destroyed: threads that nobody joins use it while the program ends.
Threads &threads() {
    static Threads &all = *new Threads;
    return all;
}

} // namespace

void Call::run_and_tell() {
    const std::lock_guard lock{mutex_};
    run();
    done_.reset();
}

asio::awaitable<Result<void>> run(std::shared_ptr<Call> call) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        co_return generic_error("{}", std::generic_category().message(errno));
    UniqueFd closed_when_done{ends[0]};
    call->set_done(UniqueFd{ends[1]});
    asio::posix::stream_descriptor done{co_await asio::this_coro::executor};
    boost::system::error_code error;
    done.assign(closed_when_done.get(), error);
    if (error)
        co_return generic_error("{}", error.message());
    closed_when_done.release();
    if (auto running = threads().run(call); !running)
        co_return running.error();
    const bool finished = co_await become_ready(done, POLLIN); // the end of the pipe
    if (!finished)
        co_return generic_error("{}", std::generic_category().message(ECANCELED));
    call->synchronize();
    co_return Result<void>{};
}

} // namespace run_blocking_detail
} // namespace iothreadd
