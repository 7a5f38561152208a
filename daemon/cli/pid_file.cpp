// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/pid_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

namespace iothreadd {
namespace {

std::string errno_text() { return std::generic_category().message(errno); }

/// Open and lock `path`; nothing when somebody replaced the file meanwhile, so that the lock is on another
/// one.
Result<std::optional<UniqueFd>> open_locked(const std::string &path) {
    UniqueFd fd{::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd)
        return generic_error("cannot create PID file: Could not create '{}': {}", path, errno_text());
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_SETLK, &lock) != 0)
        return generic_error("cannot create PID file: Cannot lock pid file: {}", errno_text());
    struct stat opened {};
    struct stat named {};
    if (::fstat(fd.get(), &opened) != 0 || ::stat(path.c_str(), &named) != 0 ||
        opened.st_ino != named.st_ino || opened.st_dev != named.st_dev)
        return std::optional<UniqueFd>{};
    return std::optional<UniqueFd>{std::move(fd)};
}

} // namespace

Result<PidFile> PidFile::create(const std::string &path) {
    constexpr int kAttempts = 100; // each lost one means that another daemon started or ended at this moment
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        auto opened = open_locked(path);
        if (!opened)
            return opened.error();
        if (!*opened)
            continue;
        UniqueFd fd = std::move(**opened);
        const std::string text = fmt::format("{}\n", ::getpid());
        if (::ftruncate(fd.get(), 0) != 0 || ::write(fd.get(), text.data(), text.size()) < 0) {
            const std::string reason = errno_text();
            ::unlink(path.c_str());
            return generic_error("cannot create PID file: Failed to write pid file: {}", reason);
        }
        std::error_code ignored;
        return PidFile{std::filesystem::absolute(path, ignored).string(), std::move(fd)};
    }
    return generic_error("cannot create PID file: '{}' is replaced again and again", path);
}

PidFile::~PidFile() {
    if (fd_)
        ::unlink(path_.c_str());
}

} // namespace iothreadd
