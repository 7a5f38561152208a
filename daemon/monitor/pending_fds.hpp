// SPDX-License-Identifier: Apache-2.0
//
// PendingFds: descriptors that a client sent along with its bytes, until the command that they are for runs.
// A descriptor belongs to the chunk of bytes with which it was received, and a command gets that of the
// latest chunk that began before the command ended: those of commands behind it, which are here already when
// the client does not wait for answers, stay where they are.
//
// Positions are in bytes from the start of the connection.
//
// Thread: any one at a time.  Source: SCM_RIGHTS, unix(7); QEMU 7.2 keeps one descriptor of each message too.
#pragma once

#include "daemon/util/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace iothreadd {

class PendingFds {
public:
    /// The oldest is closed for one more.
    static constexpr std::size_t kMaxPendingFds = 16;

    /// `fd` came with the bytes from `begin` on, when the last in-band command read had ended at
    /// `commands_end`.
    void add(std::uint64_t begin, UniqueFd fd, std::uint64_t commands_end);
    /// The descriptor for the command that ended at `command_end`; empty: there is none.
    UniqueFd take(std::uint64_t command_end);
    /// That command is over: what was sent before the descriptor that it could have taken is closed.
    void command_over(std::uint64_t command_end);
    void clear() { chunks_.clear(); }
    std::size_t size() const { return chunks_.size(); }

private:
    struct Chunk {
        std::uint64_t begin;
        UniqueFd fd;
    };
    std::vector<Chunk> chunks_; ///< oldest first
};

} // namespace iothreadd
