// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_socket_io.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace iothreadd {

namespace {

SocketStatus status_of_errno() { return errno == EAGAIN ? SocketStatus::blocked : SocketStatus::failed; }

template <class Call>
ssize_t repeat_if_interrupted(const Call &call) {
    ssize_t result;
    do {
        result = call();
    } while (result < 0 && errno == EINTR);
    return result;
}

std::size_t total_bytes(const NbdSlot &slot) {
    return slot.reply_bytes + (slot.reply_has_data ? slot.data.iov_len : 0);
}

} // namespace

SocketStatus NbdInput::receive(int fd, std::span<std::uint8_t> destination, std::size_t &direct_bytes) {
    direct_bytes = 0;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    assert(destination.empty() || end_ == 0);
    assert(end_ < buffer_.size());
    const std::size_t room_bytes = destination.size() + buffer_.size() - end_;
    std::array<iovec, 2> vector{
        {{destination.data(), destination.size()}, {buffer_.data() + end_, buffer_.size() - end_}}};
    msghdr message{};
    message.msg_iov = destination.empty() ? &vector[1] : &vector[0];
    message.msg_iovlen = destination.empty() ? 1 : 2;
    const ssize_t received = repeat_if_interrupted([&] { return ::recvmsg(fd, &message, MSG_DONTWAIT); });
    if (received < 0)
        return status_of_errno();
    if (received == 0)
        return SocketStatus::ended;
    const auto received_bytes = static_cast<std::size_t>(received);
    direct_bytes = std::min(received_bytes, destination.size());
    end_ += received_bytes - direct_bytes;
    return received_bytes < room_bytes ? SocketStatus::drained : SocketStatus::moved;
}

void NbdOutput::push(NbdSlot &slot) {
    assert(count_ < kNbdSlots);
    queue_[(first_ + count_) % kNbdSlots] = &slot;
    ++count_;
}

bool NbdOutput::front_is_sent() const { return count_ > 0 && sent_bytes_ >= total_bytes(front()); }

void NbdOutput::pop() {
    assert(count_ > 0);
    sent_bytes_ -= std::min(sent_bytes_, total_bytes(front()));
    first_ = (first_ + 1) % kNbdSlots;
    --count_;
}

std::size_t NbdOutput::fill(std::span<iovec> vector) const {
    std::size_t used = 0;
    std::size_t skip = sent_bytes_;
    const auto append = [&](void *base, std::size_t bytes) {
        const std::size_t skipped = std::min(skip, bytes);
        skip -= skipped;
        if (bytes > skipped)
            vector[used++] = {static_cast<std::uint8_t *>(base) + skipped, bytes - skipped};
    };
    for (std::size_t i = 0; i < count_; ++i) {
        NbdSlot &slot = *queue_[(first_ + i) % kNbdSlots];
        append(slot.reply.data(), slot.reply_bytes);
        if (slot.reply_has_data)
            append(slot.data.iov_base, slot.data.iov_len);
    }
    return used;
}

SocketStatus NbdOutput::send(int fd) {
    std::array<iovec, 2 * kNbdSlots> vector;
    msghdr message{};
    message.msg_iov = vector.data();
    message.msg_iovlen = fill(vector);
    const ssize_t sent =
        repeat_if_interrupted([&] { return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
    if (sent < 0)
        return status_of_errno();
    sent_bytes_ += static_cast<std::size_t>(sent);
    return SocketStatus::moved;
}

} // namespace iothreadd
