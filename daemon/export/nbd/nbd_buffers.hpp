// SPDX-License-Identifier: Apache-2.0
//
// NbdBuffers: the data buffers of one connection. They come in powers of two, aligned for O_DIRECT, and are
// kept for the next request, so a busy connection allocates nothing; an idle one gives them back. However
// much a peer asks for, the sum stays below a limit.
//
// Thread: home thread of the connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace iothreadd {

class NbdBuffers {
public:
    /// Most bytes that the buffers of one connection take up: two requests of the largest size, or many small
    /// ones.
    static constexpr std::size_t kMaxBytes = 64U << 20;
    static constexpr std::size_t kSmallestBytes = 4096;
    static constexpr std::size_t kLargestBytes = 32U << 20;

    NbdBuffers() = default;
    NbdBuffers(const NbdBuffers &) = delete;
    NbdBuffers &operator=(const NbdBuffers &) = delete;
    ~NbdBuffers(); ///< all buffers were put back

    /// Whether take() may be called now; when not, wait until something was put back.
    bool fits(std::size_t bytes) const;
    /// At least `bytes` (1 to kLargestBytes) that are aligned to 4096; null when there is no memory.
    std::uint8_t *take(std::size_t bytes);
    /// `bytes` as in take().
    void put(std::uint8_t *buffer, std::size_t bytes);
    /// Give what is not in use back to the system.
    void trim();
    /// The same, if there was no take() since the last call. False: nothing is left to trim.
    bool trim_if_idle();

    std::size_t used_bytes() const { return used_bytes_; }
    std::size_t kept_bytes() const { return kept_bytes_; }

private:
    static constexpr std::size_t kClasses = 14; // 4 KiB to 32 MiB
    struct Kept {
        Kept *next;
    };

    std::array<Kept *, kClasses> kept_{};
    std::size_t used_bytes_ = 0;
    std::size_t kept_bytes_ = 0;
    bool taken_ = false; ///< since the last trim_if_idle()
};

} // namespace iothreadd
