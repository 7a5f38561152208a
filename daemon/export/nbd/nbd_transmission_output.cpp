// SPDX-License-Identifier: Apache-2.0
//
// NbdTransmission, the way out: result of the node → reply → queue → socket.
#include "daemon/export/nbd/nbd_transmission.hpp"

namespace iothreadd {

using namespace nbd;

namespace {

/// System calls in one pass of the loop that send replies of one connection.
constexpr int kMaxSendsPerPass = 16;

} // namespace

void NbdTransmission::request_done(NbdSlot &slot, int result) {
    --in_flight_;
    const bool moved_data = slot.op == BlockOp::read || slot.op == BlockOp::write;
    context_->account().count_request(result == 0 && moved_data ? slot.request.length_bytes : 0);
    if (state_ == State::broken) {
        free_slot(slot);
    } else {
        Refusal refusal{to_wire_error(-result), {}};
        if (refusal)
            refusal.text = failure_text(slot.request.type);
        answer(slot, refusal);
        replies_added();
    }
    settle();
}

void NbdTransmission::answer(NbdSlot &slot, const Refusal &refusal) {
    const Request &request = slot.request;
    const bool is_read = request.type == NBD_CMD_READ;
    slot.reply_has_data = is_read && !refusal && request.length_bytes > 0;
    if (!setup_.rules.structured || (!is_read && !refusal))
        slot.reply_bytes = encode_simple_reply(slot.reply, refusal.error, request.cookie);
    else if (refusal)
        slot.reply_bytes = encode_error_chunk(slot.reply, request.cookie, refusal);
    else if (slot.reply_has_data)
        slot.reply_bytes =
            encode_offset_data(slot.reply, request.cookie, request.offset_bytes, request.length_bytes);
    else
        slot.reply_bytes = encode_none_chunk(slot.reply, request.cookie);
    output_.push(slot);
}

/// The last request in flight sends at once; before that, more completions of this pass may join.
void NbdTransmission::replies_added() {
    if (output_.empty() || state_ == State::broken)
        return;
    if (in_flight_ == 0)
        send_replies();
    else
        pump_bh_->schedule();
}

void NbdTransmission::send_replies() {
    for (int sends = 0; !output_.empty() && !output_blocked_; ++sends) {
        if (sends == kMaxSendsPerPass) {
            pump_bh_->schedule();
            return;
        }
        switch (output_.send(setup_.fd)) {
        case SocketStatus::blocked:
            output_blocked_ = true;
            break;
        case SocketStatus::moved:
            while (output_.front_is_sent()) {
                NbdSlot &slot = output_.front();
                output_.pop();
                free_slot(slot);
            }
            if (!in_a_hurry_)
                give_up_armed_ = false; // the peer is reading; settle() gives it more time
            break;
        default:
            break_connection();
            return;
        }
    }
}

} // namespace iothreadd
