// SPDX-License-Identifier: Apache-2.0
//
// FileRequest's way through a bounce buffer: for what O_DIRECT does not take as it is. In chunks of bounded
// size, each of whole blocks; a chunk to write is first completed by reading the blocks that it changes only
// in part.
#include "daemon/block/file_node.hpp"
#include "daemon/block/file_request.hpp"
#include "daemon/block/iov.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace iothreadd {
namespace {

/// The most memory that one request needs. A multiple of every alignment.
constexpr std::uint64_t kBounceBytesMax = std::uint64_t{1} << 20;

} // namespace

/// Carry out the request in chunks, from position_ on.
void FileRequest::start_bounce() {
    const ByteRange blocks = range();
    const BlockLimits &limits = node_.info().limits;
    bounce_bytes_ = std::min(blocks.end - blocks.begin, kBounceBytesMax);
    if (!bounce_) {
        const std::size_t alignment = std::max(limits.opt_mem_alignment, limits.request_alignment);
        bounce_.reset(
            static_cast<std::byte *>(std::aligned_alloc(alignment, align_up(bounce_bytes_, alignment))));
    }
    if (!bounce_)
        finish(-ENOMEM);
    else if (request_.op == BlockOp::read)
        bounce_read();
    else
        bounce_write();
}

/// False: nothing is left.
bool FileRequest::next_chunk() {
    if (position_ == request_.bytes)
        return false;
    const std::uint64_t alignment = node_.request_alignment();
    chunk_.wanted.begin = request_.offset_bytes + position_;
    chunk_.blocks.begin = align_down(chunk_.wanted.begin, alignment);
    chunk_.wanted.end = std::min(request_.offset_bytes + request_.bytes, chunk_.blocks.begin + bounce_bytes_);
    chunk_.blocks.end = align_up(chunk_.wanted.end, alignment);
    return true;
}

/// What the request wants of the chunk.
std::span<std::byte> FileRequest::chunk_memory() const {
    return {bounce_.get() + (chunk_.wanted.begin - chunk_.blocks.begin),
            chunk_.wanted.end - chunk_.wanted.begin};
}

/// Read some blocks of the chunk to their place in the bounce buffer.
void FileRequest::read_blocks(std::uint64_t begin, std::uint64_t end, Next next) {
    bounce_iov_ = {bounce_.get() + (begin - chunk_.blocks.begin), end - begin};
    next_ = next;
    read({&bounce_iov_, 1}, begin, end - begin);
}

void FileRequest::bounce_read() {
    if (next_chunk())
        read_blocks(chunk_.blocks.begin, chunk_.blocks.end, &FileRequest::after_bounce_read);
    else
        finish(0);
}

void FileRequest::after_bounce_read(int result) {
    if (result != 0)
        return finish(result);
    iov_scatter(request_.iov, position_, chunk_memory());
    position_ += chunk_memory().size();
    bounce_read();
}

void FileRequest::bounce_write() {
    if (!next_chunk())
        return after_change(0);
    file_end_ = kBeyond;
    if (chunk_.wanted.begin == chunk_.blocks.begin)
        return read_tail();
    read_blocks(chunk_.blocks.begin, chunk_.blocks.begin + node_.request_alignment(),
                &FileRequest::after_head);
}

void FileRequest::after_head(int result) {
    if (result != 0)
        return after_change(result);
    note_file_end(chunk_.blocks.begin);
    read_tail();
}

void FileRequest::read_tail() {
    const std::uint64_t tail = chunk_.blocks.end - node_.request_alignment();
    const bool have_it = chunk_.wanted.begin != chunk_.blocks.begin && tail == chunk_.blocks.begin;
    if (chunk_.wanted.end == chunk_.blocks.end || have_it)
        write_chunk();
    else
        read_blocks(tail, chunk_.blocks.end, &FileRequest::after_tail);
}

void FileRequest::after_tail(int result) {
    if (result != 0)
        return after_change(result);
    note_file_end(chunk_.blocks.end - node_.request_alignment());
    write_chunk();
}

/// A block was read at `begin`.
void FileRequest::note_file_end(std::uint64_t begin) {
    if (bytes_found() < node_.request_alignment())
        file_end_ = begin + bytes_found();
}

void FileRequest::write_chunk() {
    const std::span<std::byte> memory = chunk_memory();
    if (request_.op == BlockOp::write)
        iov_gather(request_.iov, position_, memory);
    else
        std::memset(memory.data(), 0, memory.size());
    bounce_iov_ = {bounce_.get(), chunk_.blocks.end - chunk_.blocks.begin};
    next_ = &FileRequest::after_bounce_write;
    write({&bounce_iov_, 1}, chunk_.blocks.begin, bounce_iov_.iov_len, durable());
}

void FileRequest::after_bounce_write(int result) {
    if (result != 0)
        return after_change(result);
    // The last block of an image may be a partial one: do not let the file grow past the image.
    if (file_end_ != kBeyond && chunk_.blocks.end > node_.size_bytes()) {
        next_ = &FileRequest::after_truncate;
        return truncate(std::max(file_end_, node_.size_bytes()));
    }
    after_truncate(0);
}

void FileRequest::after_truncate(int result) {
    if (result != 0)
        return after_change(result);
    position_ += chunk_memory().size();
    bounce_write();
}

} // namespace iothreadd
