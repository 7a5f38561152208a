// SPDX-License-Identifier: Apache-2.0
//
// FileRequest: one block request on its way through the file driver. Most are a single operation; this class
// knows the others: a range that O_DIRECT does not take goes in chunks through a bounce buffer, a write of
// part of a block reads the block first (OverlapGuard), write-zeroes tries the cheaper ways first.
//
// Life: built in the request's own room by FileNode::start(), gone before BlockRequest::complete().
//
// Thread: home thread of the AioContext that submitted.  Source: QEMU's file driver; the zeroing rules are
// measured.
#pragma once

#include "daemon/aio/bottom_half.hpp"
#include "daemon/block/block_request.hpp"
#include "daemon/block/file_io.hpp"
#include "daemon/block/overlap_guard.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

namespace iothreadd {

class FileNode;

class FileRequest final : private FileIo, private OverlapGuard::Ticket {
public:
    FileRequest(FileNode &node, BlockRequest &request, AioContext &context);

    void start();

private:
    /// What comes after the operation under way.
    using Next = void (FileRequest::*)(int result);

    void io_done(int result) override { (this->*next_)(result); }
    void granted() override;

    bool direct() const;
    bool block_aligned() const;
    bool durable() const;
    ByteRange range() const; ///< in whole blocks

    void dispatch();
    void change();
    void after_change(int result);
    void serialise();
    void finish(int result);

    void discard();
    void after_discard(int result);
    void write_zeroes();
    void after_punch(int result);
    void zero_range();
    void after_zero_range(int result);
    void write_zero_chunk();
    void after_zero_chunk(int result);
    void make_durable();

    // file_request_bounce.cpp
    void start_bounce();
    bool next_chunk();
    std::span<std::byte> chunk_memory() const;
    void read_blocks(std::uint64_t begin, std::uint64_t end, Next next);
    void note_file_end(std::uint64_t begin);
    void bounce_read();
    void after_bounce_read(int result);
    void bounce_write();
    void after_head(int result);
    void read_tail();
    void after_tail(int result);
    void write_chunk();
    void after_bounce_write(int result);
    void after_truncate(int result);

    /// The file does not end inside the chunk.
    static constexpr std::uint64_t kBeyond = UINT64_MAX;

    /// Passes granted() on to the home thread.
    class Turn final : public BottomHalfNode {
    public:
        explicit Turn(FileRequest &request) : request_(request) {}
        using BottomHalfNode::set_payer;

    private:
        void run() override { request_.change(); }
        FileRequest &request_;
    };

    struct Free {
        void operator()(std::byte *memory) const { std::free(memory); }
    };
    /// The part of the image that the bounce buffer stands for, and the part of that which the request asks
    /// for.
    struct Chunk {
        ByteRange blocks;
        ByteRange wanted;
    };

    FileNode &node_;
    BlockRequest &request_;
    Next next_ = nullptr;
    bool starting_ = true; ///< inside start(), where nothing may complete
    std::optional<int> early_result_;
    bool bounced_ = false;

    // Changing requests on a node with O_DIRECT.
    OverlapGuard::Stamp stamp_ = 0;
    bool serialising_ = false;
    Turn turn_{*this};

    std::uint64_t position_ = 0; ///< bytes of the request that are done, when it goes in chunks
    std::unique_ptr<std::byte, Free> bounce_;
    std::uint64_t bounce_bytes_ = 0;
    Chunk chunk_{};
    iovec bounce_iov_{};
    std::uint64_t file_end_ = kBeyond; ///< where the file ended before the chunk was written
};

} // namespace iothreadd
