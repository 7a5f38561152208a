// SPDX-License-Identifier: Apache-2.0
//
// SocketAccess: owner, group and mode of a socket's file, changed for as long as it lives. Who may connect
// neither before nor afterwards may not meanwhile either. It acts on our file alone, whatever its path names.
//
// Thread: main thread.  Source: unix(7): to connect takes the permission to write to the socket's file.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace iothreadd {

class UnixSocketFile;

class SocketAccess {
public:
    /// As the operator gives them; what is absent stays as it is.
    struct Options {
        std::optional<std::string> mode{};  ///< octal
        std::optional<std::string> owner{}; ///< name in /etc/passwd, or number
        std::optional<std::string> group{}; ///< name in /etc/group, or number

        bool any() const { return mode || owner || group; }
    };

    /// Errors: no such mode, user or group; the path names another file; the kernel's. Then all is as before.
    static Result<SocketAccess> change(const UnixSocketFile &file, const Options &options);
    /// Puts back what was.
    ~SocketAccess();
    SocketAccess(SocketAccess &&) noexcept = default;
    SocketAccess &operator=(SocketAccess &&) = delete;

private:
    struct Access {
        uid_t owner;
        gid_t group;
        mode_t mode;
    };

    SocketAccess(UniqueFd fd, std::string path, const Access &before);

    static Result<Access> with(Access before, const Options &options);
    Result<void> apply(const Access &wanted) const;
    Result<Access> current() const;

    UniqueFd fd_; ///< the file itself, O_PATH
    std::string path_;
    Access before_;
};

} // namespace iothreadd
