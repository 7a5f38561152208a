// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/block_test.hpp"

#include "daemon/block/file_image.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bit>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

std::string refusal(const std::string &path, bool read_only = false) {
    const auto image = FileImage::open({.filename = path, .read_only = read_only});
    return image ? "opened" : image.error().desc;
}

} // namespace

TEST_CASE("FileImage: takes regular files only and says why not", "[block][image]") {
    TempDir dir;
    const bool read_only = GENERATE(false, true);
    CHECK(refusal(dir.file("nope"), read_only) ==
          "Could not open '" + dir.file("nope") + "': No such file or directory");
    CHECK(refusal(dir.file(""), read_only) == "Could not open '" + dir.file("") + "': Is a directory");
    CHECK(refusal("", read_only) == "Could not open '': No such file or directory");
    CHECK(refusal("/dev/null", read_only) == "'file' driver requires '/dev/null' to be a regular file");
    REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
    CHECK(refusal(dir.file("fifo"), read_only) ==
          "'file' driver requires '" + dir.file("fifo") + "' to be a regular file");
    const std::string image = dir.file("image");
    write_file(image, "x");
    CHECK(refusal(image + "/x", read_only) == "Could not open '" + image + "/x': Not a directory");
    CHECK(refusal(image + std::string("\0", 1) + "x", read_only) ==
          "Could not open '" + image + "': Invalid argument");
    const std::string long_name = dir.file(std::string(300, 'a'));
    CHECK(refusal(long_name, read_only) == "Could not open '" + long_name + "': File name too long");
}

TEST_CASE("FileImage: names the kernel's reason for a file that cannot be written", "[block][image]") {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe"); // a reason that root has too
    CHECK(refusal(self) == "Could not open '" + self + "': Text file busy");
    CHECK(refusal(self, true) == "opened");
}

TEST_CASE("FileImage: measures in whole sectors", "[block][image]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "");
    const auto [bytes, expected] = GENERATE(
        table<std::uint64_t, std::uint64_t>({{0, 0}, {1, 512}, {512, 512}, {1000, 1024}, {65536, 65536}}));
    std::filesystem::resize_file(path, bytes);
    const auto image = FileImage::open({.filename = path});
    REQUIRE(image);
    CHECK(image->size_bytes == expected);
    CHECK(image->limits.request_alignment == 1);
    CHECK(image->limits.min_mem_alignment == 1);
}

TEST_CASE("FileImage: the descriptor is CLOEXEC and blocking, with the mode that was asked for",
          "[block][image]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(8192));
    const bool read_only = GENERATE(false, true);
    const bool direct = GENERATE(false, true);
    const auto image = FileImage::open({.filename = path, .read_only = read_only, .direct = direct});
    REQUIRE(image);
    CHECK(::fcntl(image->fd.get(), F_GETFD) == FD_CLOEXEC);
    const int flags = ::fcntl(image->fd.get(), F_GETFL);
    CHECK((flags & O_ACCMODE) == (read_only ? O_RDONLY : O_RDWR));
    CHECK(((flags & O_DIRECT) != 0) == direct);
    CHECK((flags & O_NONBLOCK) == 0);
}

TEST_CASE("FileImage: O_DIRECT has alignments that really work", "[block][image]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(1 << 20));
    const auto image = FileImage::open({.filename = path, .direct = true});
    REQUIRE(image);
    const BlockLimits &limits = image->limits;
    CHECK(std::has_single_bit(limits.request_alignment));
    CHECK(limits.request_alignment >= 512);
    CHECK(limits.opt_mem_alignment >= limits.min_mem_alignment);
    void *memory = std::aligned_alloc(65536, 131072);
    CHECK(::pread(image->fd.get(), static_cast<char *>(memory) + limits.min_mem_alignment,
                  limits.request_alignment, limits.request_alignment) == limits.request_alignment);
    std::free(memory);
}

TEST_CASE("FileImage: the largest file there is does not overflow", "[block][image]") {
    struct statfs status {};
    if (::statfs("/dev/shm", &status) != 0 || status.f_type != 0x01021994) // TMPFS_MAGIC
        return;
    TempDir dir("/dev/shm");
    const std::string path = dir.file("image");
    write_file(path, "");
    REQUIRE(::truncate(path.c_str(), INT64_MAX) == 0);
    const auto image = FileImage::open({.filename = path});
    REQUIRE(image);
    CHECK(image->size_bytes == std::uint64_t{INT64_MAX} - 511);
}
