// SPDX-License-Identifier: Apache-2.0
//
// NbdTransmission, the way in: bytes of the socket → header → checks → slot and buffer → payload → block
// node.
#include "daemon/block/block_node.hpp"
#include "daemon/export/nbd/nbd_transmission.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace iothreadd {

using namespace nbd;

namespace {

/// Steps of one connection in one pass of the loop; other handlers have their turn in between.
constexpr int kMaxStepsPerPass = 64;

bool carries_data(const Request &request) {
    return request.type == NBD_CMD_READ || request.type == NBD_CMD_WRITE;
}

BlockOp to_block_op(std::uint16_t command) {
    switch (command) {
    case NBD_CMD_READ:
        return BlockOp::read;
    case NBD_CMD_WRITE:
        return BlockOp::write;
    case NBD_CMD_TRIM:
        return BlockOp::discard;
    case NBD_CMD_WRITE_ZEROES:
        return BlockOp::write_zeroes;
    default:
        assert(command == NBD_CMD_FLUSH);
        return BlockOp::flush;
    }
}

} // namespace

bool NbdTransmission::may_read() const {
    return !draining_ && !leaving_ && (state_ == State::serving || state_ == State::lingering);
}

void NbdTransmission::take_input() {
    input_paused_ = false;
    for (int steps = 0; may_read() && !input_paused_; ++steps) {
        if (steps == kMaxStepsPerPass) {
            pump_bh_->schedule();
            break;
        }
        const Step step = next_step();
        if (step == Step::blocked)
            break;
        input_paused_ = step == Step::paused;
    }
    replies_added();
}

NbdTransmission::Step NbdTransmission::next_step() {
    if (state_ == State::lingering)
        return discard_rest();
    if (receiving_)
        return receive_payload();
    if (discard_bytes_ > 0)
        return discard_payload();
    if (waiting_)
        return buffers_.fits(waiting_->request.length_bytes)
                   ? begin_data_request(*std::exchange(waiting_, nullptr))
                   : Step::paused;
    if (input_.buffered().size() < kRequestBytes)
        return receive_more();
    return free_count_ == 0 ? Step::paused : begin_request();
}

NbdTransmission::Step NbdTransmission::receive_more() {
    if (input_drained_)
        return Step::blocked;
    std::size_t direct_bytes = 0;
    std::span<std::uint8_t> destination{};
    if (receiving_)
        destination =
            std::span{receiving_->buffer, receiving_->request.length_bytes}.subspan(received_bytes_);
    switch (input_.receive(setup_.fd, destination, direct_bytes)) {
    case SocketStatus::blocked:
        input_drained_ = true;
        return Step::blocked;
    case SocketStatus::drained:
        input_drained_ =
            !peer_closed_; // what comes later is an event of its own, but the end may be there already
        received_bytes_ += direct_bytes;
        break;
    case SocketStatus::moved:
        received_bytes_ += direct_bytes;
        break;
    case SocketStatus::ended:
        begin_finish();
        break;
    case SocketStatus::failed:
        break_connection();
        break;
    }
    return Step::moved;
}

NbdTransmission::Step NbdTransmission::receive_payload() {
    const std::size_t wanted = receiving_->request.length_bytes - received_bytes_;
    const auto buffered = input_.buffered().first(std::min(wanted, input_.buffered().size()));
    std::copy(buffered.begin(), buffered.end(), receiving_->buffer + received_bytes_);
    input_.consume(buffered.size());
    received_bytes_ += buffered.size();
    if (received_bytes_ < receiving_->request.length_bytes) {
        const Step step = receive_more();
        if (step == Step::blocked || !receiving_)
            return step;
    }
    if (received_bytes_ == receiving_->request.length_bytes)
        submit(*std::exchange(receiving_, nullptr));
    return Step::moved;
}

NbdTransmission::Step NbdTransmission::discard_payload() {
    const auto bytes = std::min<std::size_t>(discard_bytes_, input_.buffered().size());
    input_.consume(bytes);
    discard_bytes_ -= static_cast<std::uint32_t>(bytes);
    return discard_bytes_ > 0 ? receive_more() : Step::moved;
}

NbdTransmission::Step NbdTransmission::discard_rest() {
    input_.consume(input_.buffered().size());
    std::size_t direct_bytes = 0;
    const SocketStatus status = input_.receive(setup_.fd, {}, direct_bytes);
    if (status == SocketStatus::ended || status == SocketStatus::failed)
        break_connection();
    return status == SocketStatus::blocked ? Step::blocked : Step::moved;
}

NbdTransmission::Step NbdTransmission::begin_request() {
    const auto request = decode_request(input_.buffered().first<kRequestBytes>());
    if (!request) {
        break_connection(); // out of step: nothing that follows can be trusted
        return Step::moved;
    }
    input_.consume(kRequestBytes);
    if (request->type == NBD_CMD_DISC) {
        begin_finish();
        return Step::moved;
    }
    NbdSlot &slot = take_slot(*request);
    if (const Refusal refusal = check_request(*request, setup_.rules))
        refuse(slot, refusal);
    else if (carries_data(*request) && request->length_bytes > 0)
        return begin_data_request(slot);
    else if (request->length_bytes == 0 && request->type != NBD_CMD_FLUSH)
        answer(slot, {});
    else
        submit(slot);
    return Step::moved;
}

NbdTransmission::Step NbdTransmission::begin_data_request(NbdSlot &slot) {
    const std::uint32_t bytes = slot.request.length_bytes;
    if (!buffers_.fits(bytes)) {
        waiting_ = &slot;
        return Step::paused;
    }
    slot.buffer = buffers_.take(bytes);
    keep_buffers_in_bounds();
    if (!slot.buffer) {
        refuse(slot, {NBD_ENOMEM, "no memory for the data"});
        return Step::moved;
    }
    slot.data = {slot.buffer, bytes};
    if (slot.request.type == NBD_CMD_WRITE) {
        receiving_ = &slot;
        received_bytes_ = 0;
    } else {
        submit(slot);
    }
    return Step::moved;
}

void NbdTransmission::submit(NbdSlot &slot) {
    const Request &request = slot.request;
    slot.op = to_block_op(request.type);
    const bool writes = slot.op == BlockOp::write || slot.op == BlockOp::write_zeroes;
    const bool modifies = writes || slot.op == BlockOp::discard;
    slot.fua = (modifies && (request.flags & NBD_CMD_FLAG_FUA) != 0) || (writes && setup_.writethrough);
    slot.may_unmap = (request.flags & NBD_CMD_FLAG_NO_HOLE) == 0;
    slot.no_fallback = (request.flags & NBD_CMD_FLAG_FAST_ZERO) != 0;
    slot.offset_bytes = request.offset_bytes;
    slot.bytes = request.length_bytes;
    slot.iov = slot.buffer ? std::span<const iovec>{&slot.data, 1} : std::span<const iovec>{};
    ++in_flight_;
    setup_.node.submit(slot);
}

void NbdTransmission::refuse(NbdSlot &slot, const Refusal &refusal) {
    const std::uint32_t payload = payload_bytes(slot.request);
    answer(slot, refusal);
    if (payload > kMaxPayloadBytes)
        begin_finish(); // too much to read just to stay in step
    else
        discard_bytes_ = payload;
}

NbdSlot &NbdTransmission::take_slot(const Request &request) {
    assert(free_count_ > 0);
    NbdSlot &slot = *free_slots_[--free_count_];
    slot.request = request;
    return slot;
}

void NbdTransmission::free_slot(NbdSlot &slot) {
    if (slot.buffer)
        buffers_.put(std::exchange(slot.buffer, nullptr), slot.request.length_bytes);
    free_slots_[free_count_++] = &slot;
    if (input_paused_ && pump_bh_)
        pump_bh_->schedule();
}

} // namespace iothreadd
