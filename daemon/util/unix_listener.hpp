// SPDX-License-Identifier: Apache-2.0
//
// UnixListener: a listening unix socket together with its file. Binding replaces only a socket file that
// nobody serves any more; what stands at the path otherwise stays untouched. The file goes when the listener
// goes, and only if it is still ours.
//
// Between the look at a file and its removal it could become somebody's live socket, and between bind() and
// listen() a live socket looks like an abandoned one. So whoever binds, or replaces, has a lock on the path
// meanwhile: a file `.NAME.iothreadd-lock` beside it, with flock(). It is gone a moment later; after a crash
// it may stay, without the lock, and the next one takes it over.
//
// Thread: main thread.  Source: unix(7); connect() to a socket file without a server fails with ECONNREFUSED.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <string>
#include <string_view>

namespace iothreadd {

/// A socket file that we made; removed on destruction if the path still names the same file. Remove it while
/// its socket still listens: otherwise it is abandoned for a moment, and somebody may put his own in its
/// place.
class UnixSocketFile {
public:
    UnixSocketFile() = default;
    /// `path` was just bound. It is made absolute: the daemon changes its directory later.
    explicit UnixSocketFile(const std::string &path);
    UnixSocketFile(UnixSocketFile &&other) noexcept;
    UnixSocketFile &operator=(UnixSocketFile &&other) noexcept;
    UnixSocketFile(const UnixSocketFile &) = delete;
    UnixSocketFile &operator=(const UnixSocketFile &) = delete;
    ~UnixSocketFile() { remove(); }

    explicit operator bool() const { return !path_.empty(); }
    const std::string &path() const { return path_; }

    /// The file itself, as O_PATH, not what its path names by now. While its socket is open, no other file
    /// gets the same number. Errors: the path names another file or none.
    Result<UniqueFd> open() const;

    /// Remove the file now; nothing to do when it is gone or belongs to somebody else.
    void remove();

private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

struct UnixListener {
    UniqueFd fd;
    UnixSocketFile file; ///< goes first
};

/// The kernel's form of a socket path.
/// Errors: an empty path, a NUL inside, 108 bytes and more (with a hint).
Result<sockaddr_un> unix_socket_address(std::string_view path);

/// Bind and listen at `path`; the descriptor is non-blocking.
/// Errors: those of unix_socket_address(); `Failed to bind socket to P: REASON`, where a file that is no
/// abandoned socket, and somebody who is about to listen there, give `Address already in use`.
Result<UnixListener> bind_unix_listener(const std::string &path, int backlog = SOMAXCONN);

} // namespace iothreadd
