// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/aio/aio_test.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstddef>

namespace iothreadd::test {

namespace {
thread_local bool stop_this_loop = false;

/// A copy: `hook` may destroy whatever it is in.
void call(std::function<void()> hook) { hook(); }
} // namespace

const std::vector<FdMonitorKind> &monitors() {
    static const std::vector<FdMonitorKind> kinds = [] {
        std::vector<FdMonitorKind> found{FdMonitorKind::epoll};
        std::thread{[&] {
            if (AioContext::create({.fd_monitor = FdMonitorKind::io_uring}).has_value())
                found.push_back(FdMonitorKind::io_uring);
        }}.join();
        return found;
    }();
    return kinds;
}

std::unique_ptr<AioContext> make_context(AioContextOptions options) {
    auto context = AioContext::create(options);
    REQUIRE(context.has_value());
    REQUIRE((*context)->has_ring() == (options.fd_monitor == FdMonitorKind::io_uring));
    return std::move(*context);
}

std::unique_ptr<AioContext> make_context(FdMonitorKind kind) {
    return make_context(AioContextOptions{.fd_monitor = kind});
}

void run_until_idle(AioContext &context) {
    while (context.poll(false)) {
    }
}

bool forbid_system_call(long system_call, int error) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(system_call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog filter{sizeof program / sizeof program[0], program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

UniqueFd make_eventfd() {
    UniqueFd eventfd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    REQUIRE(eventfd);
    return eventfd;
}

void set_eventfd(int fd) { ::eventfd_write(fd, 1); }

bool EventHandler::reset() {
    eventfd_t value = 0;
    return ::eventfd_read(fd(), &value) == 0;
}

AioHandler::Drained EventHandler::ready(std::uint32_t revents) {
    reset();
    ++events_seen;
    last_revents = revents;
    call(on_ready);
    return Drained::yes;
}

bool PolledHandler::probe() {
    ++probes;
    const auto alive = alive_;
    call(on_probe);
    return !*alive || work; // one that destroyed itself claims to have work
}

AioHandler::Drained PolledHandler::probe_ready() {
    ++hits;
    work = false;
    call(on_probe_ready);
    return Drained::yes;
}

void PolledHandler::poll_begin() {
    ++begins;
    call(on_begin);
}

void PolledHandler::poll_end() {
    ++ends;
    call(on_end);
}

LoopThread::LoopThread(FdMonitorKind kind, const PollParameters &parameters) {
    std::promise<AioContext *> ready;
    thread_ = std::thread{[&ready, kind, parameters] {
        auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters(parameters);
        AioContext *const loop = context.get();
        ready.set_value(loop);
        while (!stop_this_loop)
            loop->poll(true);
    }};
    context_ = ready.get_future().get();
}

LoopThread::~LoopThread() {
    context_->post([] { stop_this_loop = true; });
    thread_.join();
}

} // namespace iothreadd::test
