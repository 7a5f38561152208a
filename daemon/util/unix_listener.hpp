// SPDX-License-Identifier: Apache-2.0
//
// UnixListener: a listening unix socket together with its file. Binding replaces only a socket file that
// nobody serves any more; what stands at the path otherwise stays untouched. The file goes when the listener
// goes, and only if it is still ours.
//
// Thread: main thread.  Source: unix(7); connect() to a socket file without a server fails with ECONNREFUSED.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace iothreadd {

/// A socket file that we made; removed on destruction if the path still names the same file.
class UnixSocketFile {
public:
    UnixSocketFile() = default;
    /// `path` was just bound. It is made absolute: the daemon changes its directory later.
    explicit UnixSocketFile(const std::string &path) {
        struct stat made {};
        std::error_code error;
        path_ = std::filesystem::absolute(path, error).string();
        if (error || ::lstat(path.c_str(), &made) != 0)
            path_.clear();
        device_ = made.st_dev;
        inode_ = made.st_ino;
    }
    UnixSocketFile(UnixSocketFile &&other) noexcept
        : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
    UnixSocketFile &operator=(UnixSocketFile &&other) noexcept {
        if (this != &other) {
            remove();
            path_ = std::exchange(other.path_, {});
            device_ = other.device_;
            inode_ = other.inode_;
        }
        return *this;
    }
    UnixSocketFile(const UnixSocketFile &) = delete;
    UnixSocketFile &operator=(const UnixSocketFile &) = delete;
    ~UnixSocketFile() { remove(); }

    explicit operator bool() const { return !path_.empty(); }
    const std::string &path() const { return path_; }

    /// The file itself, as O_PATH, not what its path names by now. While its socket is open, no other file
    /// gets the same number. Errors: the path names another file or none.
    Result<UniqueFd> open() const {
        UniqueFd fd{::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
        struct stat now {};
        if (!fd || ::fstat(fd.get(), &now) != 0)
            return generic_error("Failed to open socket {}: {}", path_,
                                 std::generic_category().message(errno));
        if (now.st_dev != device_ || now.st_ino != inode_ || !S_ISSOCK(now.st_mode))
            return generic_error("Socket {} was replaced by another file", path_);
        return fd;
    }

    /// Remove the file now; nothing to do when it is gone or belongs to somebody else.
    void remove() {
        struct stat now {};
        if (!path_.empty() && ::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ &&
            now.st_ino == inode_)
            ::unlink(path_.c_str());
        path_.clear();
    }

private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

struct UnixListener {
    UniqueFd fd;
    UnixSocketFile file;
};

namespace unix_listener_detail {

inline UniqueFd stream_socket() {
    return UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

/// A socket file on which nobody listens. Everything else, a full backlog included, counts as in use.
inline bool is_stale_socket(const std::string &path, const sockaddr_un &address) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
        return false;
    const UniqueFd probe = stream_socket();
    return probe &&
           ::connect(probe.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0 &&
           errno == ECONNREFUSED;
}

} // namespace unix_listener_detail

/// The kernel's form of a socket path.
/// Errors: an empty path, a NUL inside, 108 bytes and more (with a hint).
inline Result<sockaddr_un> unix_socket_address(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.find('\0') != std::string_view::npos)
        return generic_error("UNIX socket path must not be empty or contain a NUL byte");
    if (path.size() >= sizeof(address.sun_path)) {
        Error error = generic_error("UNIX socket path '{}' is too long", path);
        error.hint = fmt::format("Path must be less than {} bytes", sizeof(address.sun_path));
        return error;
    }
    path.copy(address.sun_path, path.size());
    return address;
}

/// Bind and listen at `path`; the descriptor is non-blocking.
/// Errors: those of unix_socket_address(); `Failed to bind socket to P: REASON`, where a file that is no
/// abandoned socket gives `Address already in use`.
inline Result<UnixListener> bind_unix_listener(const std::string &path, int backlog = SOMAXCONN) {
    using namespace unix_listener_detail;
    const auto refused = [&](std::string_view what) {
        return generic_error("Failed to {} {}: {}", what, path, std::generic_category().message(errno));
    };
    auto address = unix_socket_address(path);
    if (!address)
        return address.error();
    UnixListener listener{stream_socket(), {}};
    if (!listener.fd)
        return generic_error("Failed to create Unix socket: {}", std::generic_category().message(errno));
    const auto bind_socket = [&] {
        return ::bind(listener.fd.get(), reinterpret_cast<const sockaddr *>(&*address), sizeof(*address));
    };
    if (bind_socket() != 0) {
        if (errno != EADDRINUSE)
            return refused("bind socket to");
        if (is_stale_socket(path, *address))
            ::unlink(path.c_str());
        if (bind_socket() != 0)
            return refused("bind socket to");
    }
    listener.file = UnixSocketFile{path};
    if (::listen(listener.fd.get(), backlog) != 0)
        return refused("listen on");
    return listener;
}

} // namespace iothreadd
