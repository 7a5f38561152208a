// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/fd_monitor.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <sys/syscall.h>

#include <cerrno>
#include <optional>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
struct Outcome {
    bool forbidden = false;
    bool ring = false;
    bool works = false;
    std::optional<Error> error;
};

/// Create a context of `kind` in a thread without io_uring, and use it.
Outcome create_without_io_uring(FdMonitorKind kind) {
    Outcome outcome;
    std::thread{[&] {
        outcome.forbidden = forbid_system_call(SYS_io_uring_setup, EPERM);
        auto context = AioContext::create({.fd_monitor = kind});
        if (context.has_error()) {
            outcome.error = context.error();
            return;
        }
        outcome.ring = (*context)->has_ring();
        EventHandler handler;
        (*context)->add(handler);
        handler.set();
        outcome.works = (*context)->poll(true);
        (*context)->remove(handler);
    }}.join();
    return outcome;
}
} // namespace

TEST_CASE("FdMonitor: a host without io_uring gets epoll", "[aio][monitor]") {
    const Outcome outcome = create_without_io_uring(FdMonitorKind::automatic);
    REQUIRE(outcome.forbidden);
    CHECK(!outcome.error);
    CHECK(!outcome.ring);
    CHECK(outcome.works);
}

TEST_CASE("FdMonitor: io_uring where there is none is an error", "[aio][monitor]") {
    const Outcome outcome = create_without_io_uring(FdMonitorKind::io_uring);
    REQUIRE(outcome.forbidden);
    REQUIRE(outcome.error);
    CHECK(outcome.error->desc == "Failed to initialize io_uring: Operation not permitted");
}

TEST_CASE("FdMonitor: automatic takes io_uring where there is one", "[aio][monitor]") {
    const auto context = std::move(AioContext::create().value());
    CHECK(context->has_ring() == (monitors().size() == 2));
}
