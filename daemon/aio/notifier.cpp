// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/notifier.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace iothreadd {

Result<std::unique_ptr<Notifier>> Notifier::create(bool external_loop, Clock clock) {
    UniqueFd eventfd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!eventfd)
        return generic_error("Failed to initialize event notifier: {}", std::strerror(errno));
    return std::unique_ptr<Notifier>(new Notifier(std::move(eventfd), external_loop, clock));
}

Notifier::Notifier(UniqueFd eventfd, bool external_loop, Clock clock)
    : AioHandler(eventfd.get(), POLLIN),
      eventfd_(std::move(eventfd)),
      clock_(clock),
      notify_me_(external_loop ? 1 : 0) {}

void Notifier::notify() {
    notified_.exchange(true, std::memory_order_seq_cst); // pairs with prepare_wait() and accept()
    if (notify_me_.load(std::memory_order_seq_cst) == 0) // pairs with prepare_wait()
        return;
    if (signalled_ns_.load(std::memory_order_relaxed) == 0)
        signalled_ns_.store(clock_(), std::memory_order_relaxed); // next to nothing beside the system call
    signal();
}

void Notifier::signal() {
    const std::uint64_t one = 1;
    while (::write(eventfd_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    } // EAGAIN after 2^64 - 2 notifications would do no harm: the descriptor is ready
}

bool Notifier::prepare_wait() {
    notify_me_.fetch_add(2, std::memory_order_seq_cst); // pairs with notify()
    return notified();                                  // pairs with notify()
}

void Notifier::finish_wait() { notify_me_.fetch_sub(2, std::memory_order_release); } // pairs with notify()

void Notifier::accept() { notified_.exchange(false, std::memory_order_seq_cst); } // pairs with notify()

} // namespace iothreadd
