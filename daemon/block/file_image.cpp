// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_image.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace iothreadd {
namespace {

/// Larger ones are no file system's block; what asks for more is refused.
constexpr std::uint32_t kAlignmentMax = 65536;
/// What to assume where nothing can be found out.
constexpr std::uint32_t kAlignmentSafe = 4096;

Error could_not_open(const std::string &filename, int error) {
    return generic_error("Could not open '{}': {}", filename, std::strerror(error));
}

Error not_regular(const std::string &filename) {
    return generic_error("'file' driver requires '{}' to be a regular file", filename);
}

Error no_direct(const std::string &filename) {
    return generic_error("Could not open '{}': filesystem does not support O_DIRECT", filename);
}

/// Open without hanging on a FIFO and without waking a device that was named by mistake.
Result<UniqueFd> open_regular(const FileImage::Options &options) {
    const std::string &filename = options.filename;
    if (filename.find('\0') != std::string::npos)
        return could_not_open(filename.c_str(), EINVAL);
    struct stat status {};
    if (::stat(filename.c_str(), &status) != 0)
        return could_not_open(filename, errno);
    if (S_ISDIR(status.st_mode))
        return could_not_open(filename, EISDIR);
    if (!S_ISREG(status.st_mode))
        return not_regular(filename);

    const int flags = (options.read_only ? O_RDONLY : O_RDWR) | (options.direct ? O_DIRECT : 0);
    UniqueFd fd(::open(filename.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd && errno == EINVAL && options.direct)
        return no_direct(filename);
    if (!fd)
        return could_not_open(filename, errno);
    return fd;
}

bool is_alignment(std::uint32_t value) { return std::has_single_bit(value) && value <= kAlignmentMax; }

/// Whether the file takes O_DIRECT reads of `bytes` bytes into this memory.
bool direct_read_works(int fd, std::byte *memory, std::uint32_t bytes) {
    ssize_t result = 0;
    do
        result = ::pread(fd, memory, bytes, 0);
    while (result < 0 && errno == EINTR);
    return result >= 0 || errno != EINVAL; // an I/O error says nothing about alignment
}

/// Find the alignments by trying, for kernels and file systems that do not tell.
BlockLimits probe_direct_limits(int fd) {
    const std::unique_ptr<void, decltype(&std::free)> owner(
        std::aligned_alloc(kAlignmentMax, std::size_t{2} * kAlignmentMax), &std::free);
    BlockLimits limits{.request_alignment = kAlignmentSafe, .min_mem_alignment = kAlignmentSafe};
    if (!owner)
        return limits;
    auto *memory = static_cast<std::byte *>(owner.get());
    for (std::uint32_t alignment = kSectorBytes; alignment <= kAlignmentMax; alignment *= 2)
        if (direct_read_works(fd, memory, alignment)) {
            limits.request_alignment = alignment;
            break;
        }
    limits.min_mem_alignment = std::max(limits.min_mem_alignment, limits.request_alignment);
    for (std::uint32_t alignment = kSectorBytes; alignment < limits.min_mem_alignment; alignment *= 2)
        if (direct_read_works(fd, memory + alignment, limits.request_alignment)) {
            limits.min_mem_alignment = alignment;
            break;
        }
    return limits;
}

BlockLimits direct_limits(int fd) {
    BlockLimits limits{};
    struct statx status {};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
        (status.stx_mask & STATX_DIOALIGN) != 0 && is_alignment(status.stx_dio_offset_align) &&
        is_alignment(status.stx_dio_mem_align)) {
        limits.request_alignment = status.stx_dio_offset_align;
        limits.min_mem_alignment = status.stx_dio_mem_align;
    } else {
        limits = probe_direct_limits(fd);
    }
    limits.opt_mem_alignment = std::max(limits.opt_mem_alignment, limits.min_mem_alignment);
    return limits;
}

} // namespace

Result<FileImage> FileImage::open(const Options &options) {
    Result<UniqueFd> fd = open_regular(options);
    if (!fd)
        return std::move(fd).error();
    Result<FileImage> image = adopt(std::move(*fd), options);
    if (!image)
        return image;
    if (Result<void> prepared = image->prepare(options); !prepared)
        return std::move(prepared).error();
    return image;
}

Result<FileImage> FileImage::adopt(UniqueFd fd, const Options &options) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
        return could_not_open(options.filename, errno);
    if (!S_ISREG(status.st_mode)) // also when it was replaced since stat()
        return not_regular(options.filename);
    const auto size_bytes = static_cast<std::uint64_t>(status.st_size);
    FileImage image{};
    image.size_bytes = std::min(align_up(size_bytes, kSectorBytes), kNodeBytesMax);
    image.fd = std::move(fd);
    return image;
}

Result<void> FileImage::prepare(const Options &options) {
    // No O_NONBLOCK: io_uring would obey it. No O_APPEND: all writes would.
    const int others = ::fcntl(fd.get(), F_GETFL) & ~(O_NONBLOCK | O_APPEND | O_DIRECT);
    if (::fcntl(fd.get(), F_SETFL, others | (options.direct ? O_DIRECT : 0)) != 0)
        return errno == EINVAL ? no_direct(options.filename) : could_not_open(options.filename, errno);
    if (options.direct)
        limits = direct_limits(fd.get());
    return {};
}

} // namespace iothreadd
