// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_request.hpp"

#include "daemon/block/file_node.hpp"
#include "daemon/block/iov.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

namespace iothreadd {
namespace {

constexpr std::size_t kZeroBytes = 65536;
constexpr std::size_t kZeroAlignment = 4096;
constexpr std::size_t kZeroChunkBytes = std::size_t{1} << 20;

/// A chunk of zeroes to write from: the same memory many times over. Never written to.
std::span<const iovec> zero_chunk() {
    alignas(kZeroAlignment) static std::array<std::byte, kZeroBytes> zeroes;
    static const auto chunk = [] {
        std::array<iovec, kZeroChunkBytes / kZeroBytes> iov;
        iov.fill(iovec{zeroes.data(), zeroes.size()});
        return iov;
    }();
    return chunk;
}

/// The file system does not know this kind of allocation, or not for this range.
bool is_unsupported(int result) { return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL; }

} // namespace

FileRequest::FileRequest(FileNode &node, BlockRequest &request, AioContext &context)
    : FileIo(context, node.target()), node_(node), request_(request) {
    turn_.set_payer(context.account()); // another request grants the turn
}

bool FileRequest::direct() const { return node_.info().cache_direct; }
bool FileRequest::durable() const { return request_.fua && !node_.info().cache_no_flush; }

bool FileRequest::block_aligned() const {
    return ((request_.offset_bytes | request_.bytes) & (node_.request_alignment() - 1)) == 0;
}

ByteRange FileRequest::range() const {
    const std::uint64_t alignment = node_.request_alignment();
    return {align_down(request_.offset_bytes, alignment),
            align_up(request_.offset_bytes + request_.bytes, alignment)};
}

void FileRequest::start() {
    dispatch();
    starting_ = false;
    if (!early_result_)
        return;
    const int result = *early_result_;
    FileNode &node = node_;
    BlockRequest &request = request_;
    std::destroy_at(this);
    node.finish_later(request, result);
}

void FileRequest::dispatch() {
    const auto takes_directly = [this] {
        return !direct() ||
               (block_aligned() && iov_is_aligned(request_.iov, node_.info().limits.min_mem_alignment,
                                                  node_.request_alignment()));
    };
    bounced_ = (request_.op == BlockOp::read || request_.op == BlockOp::write) && !takes_directly();
    switch (request_.op) {
    case BlockOp::read:
        if (bounced_)
            return start_bounce();
        next_ = &FileRequest::finish;
        return read(request_.iov, request_.offset_bytes, request_.bytes);
    case BlockOp::flush:
        next_ = &FileRequest::finish;
        return sync();
    case BlockOp::write:
        if (bounced_ && !block_aligned())
            return serialise();
        [[fallthrough]];
    case BlockOp::discard:
    case BlockOp::write_zeroes:
        stamp_ = node_.overlap_guard().stamp();
        return change();
    }
}

/// Do what changes the image: once, or again when a serialising write was in the way.
void FileRequest::change() {
    position_ = 0;
    switch (request_.op) {
    case BlockOp::write:
        if (bounced_)
            return start_bounce();
        next_ = &FileRequest::after_change;
        return write(request_.iov, request_.offset_bytes, request_.bytes, durable());
    case BlockOp::discard:
        return discard();
    case BlockOp::write_zeroes:
        return write_zeroes();
    case BlockOp::read:
    case BlockOp::flush:
        assert(!"changes nothing");
    }
}

void FileRequest::after_change(int result) {
    if (result == 0 && direct() && !serialising_ && !node_.overlap_guard().undisturbed(stamp_, range()))
        serialise();
    else
        finish(result);
}

void FileRequest::serialise() {
    serialising_ = true;
    if (node_.overlap_guard().acquire(*this, range()))
        change();
}

/// Any thread.
void FileRequest::granted() { context().schedule(turn_); }

/// The end: `this` is gone when it returns, unless start() is still to do that.
void FileRequest::finish(int result) {
    if (serialising_)
        node_.overlap_guard().release(*this);
    if (result < 0 && (request_.op == BlockOp::flush || (result == -EIO && durable())))
        node_.note_sync_failure(result);
    if (starting_) {
        early_result_ = result;
        return;
    }
    FileNode &node = node_;
    BlockRequest &request = request_;
    std::destroy_at(this);
    node.finish(request, result);
}

void FileRequest::discard() {
    next_ = &FileRequest::after_discard;
    allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, request_.offset_bytes, request_.bytes);
}

void FileRequest::after_discard(int result) {
    if (result == 0)
        make_durable();
    else
        after_change(is_unsupported(result) ? 0 : result); // a discard is a hint
}

void FileRequest::write_zeroes() {
    if (!request_.may_unmap || !node_.may_deallocate())
        return zero_range();
    next_ = &FileRequest::after_punch;
    allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, request_.offset_bytes, request_.bytes);
}

void FileRequest::after_punch(int result) {
    if (result == 0)
        make_durable();
    else if (is_unsupported(result))
        zero_range();
    else
        after_change(result);
}

void FileRequest::zero_range() {
    if (!node_.knows_zero_range()) {
        after_zero_range(-EOPNOTSUPP);
        return;
    }
    next_ = &FileRequest::after_zero_range;
    allocate(FALLOC_FL_ZERO_RANGE, request_.offset_bytes, request_.bytes);
}

void FileRequest::after_zero_range(int result) {
    if (result == 0)
        return make_durable();
    if (!is_unsupported(result))
        return after_change(result);
    if (result != -EINVAL)
        node_.note_no_zero_range();
    if (request_.no_fallback)
        return after_change(-ENOTSUP);
    if (direct() && !block_aligned() && !serialising_)
        return serialise();
    bounced_ = direct() && (!block_aligned() || node_.info().limits.min_mem_alignment > kZeroAlignment);
    if (bounced_)
        start_bounce();
    else
        write_zero_chunk();
}

void FileRequest::write_zero_chunk() {
    next_ = &FileRequest::after_zero_chunk;
    write(zero_chunk(), request_.offset_bytes + position_,
          std::min(request_.bytes - position_, kZeroChunkBytes), durable());
}

void FileRequest::after_zero_chunk(int result) {
    position_ += std::min(request_.bytes - position_, kZeroChunkBytes);
    if (result == 0 && position_ < request_.bytes)
        write_zero_chunk();
    else
        after_change(result);
}

void FileRequest::make_durable() {
    if (!durable())
        return after_change(0);
    next_ = &FileRequest::after_change;
    sync();
}

} // namespace iothreadd
