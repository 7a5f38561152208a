// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/unix_listener.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

std::string reason(int error_number) { return std::generic_category().message(error_number); }

UniqueFd stream_socket() {
    return UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

bool same_file(const struct stat &one, const struct stat &other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// The right to bind and replace a path, among all who ask for it.
class PathLock {
public:
    enum class State {
        held,
        taken,   ///< somebody else has it
        none_had ///< no lock can be had in this directory
    };

    explicit PathLock(const std::string &path) {
        const std::size_t name = path.rfind('/') + 1; // 0 without a directory
        path_ = path.substr(0, name) + "." + path.substr(name) + ".iothreadd-lock";
        do {
            fd_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                             S_IRUSR | S_IWUSR));
            state_ = take();
        } while (state_ == State::held && !is_in_place()); // who had it before us has removed it
    }
    /// Removes the file while it is locked, so whoever opened it before finds out that it is not in place.
    ~PathLock() {
        if (state_ == State::held)
            ::unlink(path_.c_str());
    }
    PathLock(const PathLock &) = delete;
    PathLock &operator=(const PathLock &) = delete;

    State state() const { return state_; }

private:
    State take() const {
        struct stat opened {};
        // A file of somebody else's could be locked for ever, and is not ours to remove.
        if (!fd_ || ::fstat(fd_.get(), &opened) != 0 || !S_ISREG(opened.st_mode) ||
            opened.st_uid != ::geteuid())
            return State::none_had;
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0)
            return State::held;
        return errno == EWOULDBLOCK ? State::taken : State::none_had;
    }
    bool is_in_place() const {
        struct stat opened {
        }, named{};
        return ::fstat(fd_.get(), &opened) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
               same_file(opened, named);
    }

    std::string path_;
    UniqueFd fd_;
    State state_ = State::none_had;
};

/// A socket file on which nobody listens. Everything else, a full backlog included, counts as in use.
bool is_stale_socket(const std::string &path, const sockaddr_un &address) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
        return false;
    const UniqueFd probe = stream_socket();
    return probe &&
           ::connect(probe.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0 &&
           errno == ECONNREFUSED;
}

} // namespace

UnixSocketFile::UnixSocketFile(const std::string &path) {
    struct stat made {};
    std::error_code error;
    path_ = std::filesystem::absolute(path, error).string();
    if (error || ::lstat(path.c_str(), &made) != 0)
        path_.clear();
    device_ = made.st_dev;
    inode_ = made.st_ino;
}

UnixSocketFile::UnixSocketFile(UnixSocketFile &&other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

UnixSocketFile &UnixSocketFile::operator=(UnixSocketFile &&other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
        device_ = other.device_;
        inode_ = other.inode_;
    }
    return *this;
}

Result<UniqueFd> UnixSocketFile::open() const {
    UniqueFd fd{::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat now {};
    if (!fd || ::fstat(fd.get(), &now) != 0)
        return generic_error("Failed to open socket {}: {}", path_, reason(errno));
    if (now.st_dev != device_ || now.st_ino != inode_ || !S_ISSOCK(now.st_mode))
        return generic_error("Socket {} was replaced by another file", path_);
    return fd;
}

void UnixSocketFile::remove() {
    struct stat now {};
    if (!path_.empty() && ::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_)
        ::unlink(path_.c_str());
    path_.clear();
}

Result<sockaddr_un> unix_socket_address(std::string_view path) {
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

Result<UnixListener> bind_unix_listener(const std::string &path, int backlog) {
    const auto refused = [&](std::string_view what, int error_number) {
        return generic_error("Failed to {} {}: {}", what, path, reason(error_number));
    };
    auto address = unix_socket_address(path);
    if (!address)
        return address.error();
    UnixListener listener{stream_socket(), {}};
    if (!listener.fd)
        return generic_error("Failed to create Unix socket: {}", reason(errno));
    const auto bind_socket = [&] {
        return ::bind(listener.fd.get(), reinterpret_cast<const sockaddr *>(&*address), sizeof(*address));
    };
    const PathLock lock{path};
    if (lock.state() == PathLock::State::taken)
        return refused("bind socket to", EADDRINUSE);
    if (bind_socket() != 0) {
        if (errno != EADDRINUSE)
            return refused("bind socket to", errno);
        if (lock.state() != PathLock::State::held || !is_stale_socket(path, *address))
            return refused("bind socket to", EADDRINUSE);
        ::unlink(path.c_str());
        if (bind_socket() != 0)
            return refused("bind socket to", errno);
    }
    listener.file = UnixSocketFile{path};
    if (::listen(listener.fd.get(), backlog) != 0)
        return refused("listen on", errno);
    return listener;
}

} // namespace iothreadd
