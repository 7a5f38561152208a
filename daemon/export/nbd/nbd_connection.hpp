// SPDX-License-Identifier: Apache-2.0
//
// NbdConnection: the main thread's handle on a connection whose transmission runs in some AioContext.
// Commands go there as posted messages and reports come back the same way; the object is destroyed only when
// no message is under way any more.
//
// Thread: main thread.
#pragma once

#include "daemon/aio/aio_home.hpp"
#include "daemon/export/nbd/nbd_transmission.hpp"
#include "daemon/util/unique_fd.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace iothreadd {

class NbdConnection final : private NbdTransmission::Listener {
public:
    /// `closed` is called once, from the main loop, when the connection is over and may be destroyed.
    using Closed = std::function<void(NbdConnection &)>;

    struct Setup {
        UniqueFd fd; ///< non-blocking
        BlockNode &node;
        nbd::TransmissionRules rules;
        bool writethrough;
    };

    NbdConnection(Setup setup, AioContext &main_context, Closed closed);
    NbdConnection(const NbdConnection &) = delete;
    NbdConnection &operator=(const NbdConnection &) = delete;
    ~NbdConnection(); ///< detached or closed, no messages under way

    /// Serve in `home` from now on.
    void attach(const AioHome &home);
    /// Stop serving; `detached` is called once nothing is in flight and the context is left. Closing counts.
    void detach(std::function<void()> detached);
    /// Drop the connection. What is in flight in the node is waited for.
    void cut();
    /// Answer what is in flight, then close.
    void finish();

private:
    void transmission_drained() override;
    void transmission_ended() override;
    void tell(void (NbdTransmission::*message)());
    void acknowledge();
    void become_detached();
    void close_if_settled();

    UniqueFd fd_;
    AioContext &main_context_;
    std::optional<AioHome> home_; ///< where it is attached
    Closed closed_;
    std::function<void()> detached_;
    int messages_ = 0; ///< told and not yet acknowledged
    bool cut_ = false;
    bool ended_ = false; ///< the transmission has ended, or was cut while detached
    NbdTransmission transmission_;
};

} // namespace iothreadd
