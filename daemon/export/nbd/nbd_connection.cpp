// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_connection.hpp"

#include "daemon/util/thread.hpp"

#include <cassert>
#include <utility>

namespace iothreadd {

NbdConnection::NbdConnection(Setup setup, AioContext &main_context, Closed closed)
    : fd_(std::move(setup.fd)),
      main_context_(main_context),
      closed_(std::move(closed)),
      transmission_({fd_.get(), setup.node, setup.rules, setup.writethrough}, *this) {}

NbdConnection::~NbdConnection() {
    assert_main_thread();
    assert(!home_ && messages_ == 0);
}

void NbdConnection::attach(const AioHome &home) {
    assert_main_thread();
    assert(!home_);
    if (ended_)
        return;
    home_.emplace(home);
    tell(&NbdTransmission::start);
}

void NbdConnection::detach(std::function<void()> detached) {
    assert_main_thread();
    assert(!detached_);
    detached_ = std::move(detached);
    if (home_)
        tell(&NbdTransmission::drain);
    else
        become_detached();
}

void NbdConnection::cut() {
    assert_main_thread();
    if (ended_)
        return;
    cut_ = true;
    if (home_) {
        tell(&NbdTransmission::abort);
        return;
    }
    ended_ = true;
    ++messages_;
    main_context_.post([this] { acknowledge(); });
}

void NbdConnection::finish() {
    assert_main_thread();
    if (home_)
        tell(&NbdTransmission::finish);
    else
        cut();
}

void NbdConnection::tell(void (NbdTransmission::*message)()) {
    ++messages_;
    home_->post([this, message] {
        (transmission_.*message)();
        main_context_.post([this] { acknowledge(); });
    });
}

void NbdConnection::acknowledge() {
    --messages_;
    close_if_settled();
}

void NbdConnection::transmission_drained() {
    main_context_.post([this] {
        ended_ = ended_ || cut_;
        become_detached();
        close_if_settled();
    });
}

void NbdConnection::transmission_ended() {
    main_context_.post([this] {
        ended_ = true;
        become_detached();
        close_if_settled();
    });
}

void NbdConnection::become_detached() {
    home_.reset();
    if (auto detached = std::exchange(detached_, nullptr))
        detached();
}

void NbdConnection::close_if_settled() {
    if (!ended_ || home_ || messages_ > 0)
        return;
    if (auto closed = std::exchange(closed_, nullptr))
        closed(*this); // destroys us
}

} // namespace iothreadd
