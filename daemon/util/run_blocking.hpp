// SPDX-License-Identifier: Apache-2.0
//
// run_blocking: lets a coroutine wait for a call that may take any time, such as one that asks a name server.
// The call has a thread that ends with it. Nobody joins that thread: a call that does not return delays
// neither others nor the end of the program.
//
// Coroutine and thread share nothing but an object of their own, and the thread says that it is done by
// closing a pipe: it never touches an event loop, which may be gone by then.
//
// Thread: the coroutine's.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace iothreadd {

/// So many calls run at once; further ones wait for their turn.
inline constexpr int kMaxBlockingCalls = 16;

namespace run_blocking_detail {

class Call {
public:
    virtual ~Call() = default;
    /// In the thread.
    void run_and_tell();
    /// Afterwards, and before anything that run() left is looked at.
    void synchronize() { const std::lock_guard lock{mutex_}; }
    /// What is closed when run() is over.
    void set_done(UniqueFd done) { done_ = std::move(done); }

private:
    virtual void run() = 0;

    std::mutex mutex_;
    UniqueFd done_;
};

template <class Work>
class CallOf final : public Call {
public:
    using Returned = std::invoke_result_t<Work &>;

    explicit CallOf(Work work) : work_(std::move(work)) {}
    Returned take() { return *std::move(returned_); }

private:
    void run() override {
        try {
            returned_.emplace(work_());
        } catch (const std::exception &error) {
            returned_.emplace(generic_error("{}", error.what()));
        }
    }

    Work work_;
    std::optional<Returned> returned_;
};

/// Errors: there is no thread for it, or no pipe.
boost::asio::awaitable<Result<void>> run(std::shared_ptr<Call> call);

} // namespace run_blocking_detail

/// What `work` returns, a Result. It runs in another thread, to its end also when nobody waits for it or the
/// program ends: it refers to nothing that is not its own.
/// Errors: those of `work`; there is no thread for it.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work &>> run_blocking(Work work) {
    using namespace run_blocking_detail;
    const auto call = std::make_shared<CallOf<Work>>(std::move(work));
    auto ran = co_await run_blocking_detail::run(call);
    if (!ran)
        co_return ran.error();
    co_return call->take();
}

} // namespace iothreadd
