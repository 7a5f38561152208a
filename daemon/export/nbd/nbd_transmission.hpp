// SPDX-License-Identifier: Apache-2.0
//
// NbdTransmission: the transmission phase of one NBD connection, in the AioContext that serves it. Requests
// are taken from the socket into slots, handed to the block node, and answered in the order in which the node
// finishes them.
//
// Nothing is allocated per request but a data buffer that the connection does not have yet, and that only
// after the header passed all checks. A peer that does not read its replies fills the slots and is then not
// read from either: it stalls nobody but itself.
//
// Life: start() → serving → the peer leaves, finish() or abort() → transmission_ended(). In between it can
// change its AioContext: drain() → transmission_drained() → start() elsewhere.
//
// Thread: home thread of the AioContext where it was started.  Source: NBD proto.md, "Transmission".
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/aio_timer.hpp"
#include "daemon/aio/bottom_half.hpp"
#include "daemon/export/nbd/nbd_buffers.hpp"
#include "daemon/export/nbd/nbd_slot.hpp"
#include "daemon/export/nbd/nbd_socket_io.hpp"
#include "protocol/nbd/transmission.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace iothreadd {

class BlockNode;

/// What the handshake left behind.
struct NbdTransmissionSetup {
    int fd; ///< borrowed, non-blocking
    BlockNode &node;
    nbd::TransmissionRules rules;
    bool writethrough; ///< every write is durable before it is answered
};

class NbdTransmission final : private AioHandler, private NbdSlotOwner {
public:
    /// Called from the loop, when no frame of the transmission is on the stack; it may be destroyed or
    /// restarted.
    class Listener {
    public:
        virtual void transmission_drained() = 0;
        virtual void transmission_ended() = 0;

    protected:
        ~Listener() = default;
    };

    NbdTransmission(const NbdTransmissionSetup &setup, Listener &listener);
    NbdTransmission(const NbdTransmission &) = delete;
    NbdTransmission &operator=(const NbdTransmission &) = delete;
    ~NbdTransmission(); ///< in no AioContext, nothing in flight

    /// Serve the connection in AioContext::current(); no effect once it has ended.
    void start();
    /// Take no more requests; transmission_drained() follows once nothing is in flight and the context is
    /// left.
    void drain();
    /// Take no more requests, answer those in flight, close: for an orderly end, bounded in time.
    void finish();
    /// Drop the connection at once; what is in flight in the node is only waited for.
    void abort();

    bool ended() const { return state_ == State::ended; }

private:
    enum class State {
        serving,
        finishing, ///< takes no more requests; answers those it has
        lingering, ///< everything is answered; the peer is given time to read it
        broken,    ///< the socket is of no use; waits for the node
        ended,
    };
    enum class Step { moved, blocked, paused };

    Drained ready(std::uint32_t revents) override;
    bool empties_descriptor() const override { return !input_paused_ && may_read(); }
    void request_done(NbdSlot &slot, int result) override;
    void pump();

    // Requests come in: nbd_transmission_input.cpp.
    bool may_read() const;
    void take_input();
    Step next_step();
    Step receive_more();
    Step receive_payload();
    Step discard_payload();
    Step discard_rest();
    Step begin_request();
    Step begin_data_request(NbdSlot &slot);
    void submit(NbdSlot &slot);
    void refuse(NbdSlot &slot, const nbd::Refusal &refusal);
    NbdSlot &take_slot(const nbd::Request &request);
    void free_slot(NbdSlot &slot);

    // Replies go out: nbd_transmission_output.cpp.
    void answer(NbdSlot &slot, const nbd::Refusal &refusal);
    void replies_added();
    void send_replies();

    // Lifecycle: nbd_transmission.cpp.
    void watch_output();
    void settle();
    void begin_finish();
    void begin_linger();
    void arm_give_up(std::int64_t after_ns);
    void break_connection();
    void unwatch();
    void leave_context(void (Listener::*report)());
    void keep_buffers_in_bounds();

    const NbdTransmissionSetup setup_;
    Listener &listener_;

    State state_ = State::serving;
    bool draining_ = false;
    bool leaving_ = false;    ///< the report to the listener is on its way
    bool in_a_hurry_ = false; ///< finish(): a slow reader gets no more time for each step it makes

    // Set while it is started.
    AioContext *context_ = nullptr;
    std::optional<BottomHalf> pump_bh_;
    std::optional<AioTimer> give_up_timer_;
    std::optional<AioTimer> trim_timer_;
    bool watched_ = false; ///< the socket is registered
    bool give_up_armed_ = false;
    bool trim_armed_ = false;

    NbdInput input_;
    NbdOutput output_;
    NbdBuffers buffers_;
    bool input_paused_ = false;   ///< waits for a slot or a buffer, not for the socket
    bool input_drained_ = false;  ///< nothing to receive until the socket says so
    bool peer_closed_ = false;    ///< the end of its bytes is to be received
    bool output_blocked_ = false; ///< waits for the socket

    std::array<NbdSlot, kNbdSlots> slots_;
    std::array<NbdSlot *, kNbdSlots> free_slots_{};
    std::size_t free_count_ = 0;
    std::size_t in_flight_ = 0;       ///< in the node
    NbdSlot *waiting_ = nullptr;      ///< has its header, waits for its buffer
    NbdSlot *receiving_ = nullptr;    ///< its payload is arriving
    std::size_t received_bytes_ = 0;  ///< of that payload
    std::uint32_t discard_bytes_ = 0; ///< payload of a refused request, still to come
};

} // namespace iothreadd
