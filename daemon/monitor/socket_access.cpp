// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/socket_access.hpp"

#include "daemon/util/thread.hpp"
#include "daemon/util/unix_listener.hpp"

#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace iothreadd {
namespace {

constexpr mode_t kPermissions = S_IRWXU | S_IRWXG | S_IRWXO;
/// Memory for one line of /etc/passwd or /etc/group, long lists of members included.
constexpr std::size_t kLargestEntryBytes = 1U << 20;

/// All of `text` as a number.
std::optional<std::uint64_t> number(const std::string &text, int base) {
    std::uint64_t value = 0;
    const char *const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, base);
    return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional{value} : std::nullopt;
}

Result<mode_t> parse_mode(const std::string &text) {
    const auto mode = number(text, 8);
    if (!mode || *mode > kPermissions)
        return generic_error("Parameter 'mode' expects an octal number from 0 to 0777");
    return static_cast<mode_t>(*mode);
}

/// The users, or the groups, that this machine itself knows.
template <class Entry, class Id>
struct Database {
    const char *path;
    const char *parameter;
    const char *what;
    int (*next)(FILE *, Entry *, char *, std::size_t, Entry **);
    char *Entry::*name;
    Id Entry::*id;
};

constexpr Database<passwd, uid_t> kUsers{"/etc/passwd", "owner",          "User",
                                         ::fgetpwent_r, &passwd::pw_name, &passwd::pw_uid};
constexpr Database<group, gid_t> kGroups{"/etc/group",  "group",         "Group",
                                         ::fgetgrent_r, &group::gr_name, &group::gr_gid};

/// Read the file, and ask no service that may take its time: other clients would wait for it too.
template <class Entry, class Id>
Result<Id> look_up(const Database<Entry, Id> &database, const std::string &name) {
    const std::unique_ptr<FILE, int (*)(FILE *)> file{std::fopen(database.path, "re"), std::fclose};
    if (!file)
        return generic_error("Failed to open {}: {}", database.path, std::generic_category().message(errno));
    std::vector<char> buffer(kLargestEntryBytes);
    Entry entry{};
    Entry *found = nullptr;
    while (database.next(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0) {
        const std::string_view its_name = entry.*database.name;
        const bool is_nis = its_name.starts_with('+') || its_name.starts_with('-');
        if (!is_nis && its_name == name)
            return entry.*database.id;
    }
    return generic_error("{} '{}' not found in {}", database.what, name, database.path);
}

/// A name or a number.
template <class Entry, class Id>
Result<Id> parse_id(const std::string &text, const Database<Entry, Id> &database) {
    const bool is_number =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number)
        return look_up(database, text);
    const auto value = number(text, 10);
    if (!value || *value >= std::numeric_limits<Id>::max()) // the last one means nobody
        return generic_error("Parameter '{}' expects a name or a number below {}", database.parameter,
                             std::numeric_limits<Id>::max());
    return static_cast<Id>(*value);
}

} // namespace

SocketAccess::SocketAccess(UniqueFd fd, std::string path, const Access &before)
    : fd_(std::move(fd)), path_(std::move(path)), before_(before) {}

Result<SocketAccess> SocketAccess::change(const UnixSocketFile &file, const Options &options) {
    assert_main_thread();
    auto fd = file.open();
    if (!fd)
        return fd.error();
    SocketAccess access{std::move(*fd), file.path(), {}};
    auto before = access.current();
    if (!before) {
        access.fd_.reset(); // nothing to put back
        return before.error();
    }
    access.before_ = *before;
    auto wanted = with(*before, options);
    if (!wanted)
        return wanted.error();
    if (auto applied = access.apply(*wanted); !applied)
        return applied.error();
    return access;
}

/// `before`, changed as the options say.
Result<SocketAccess::Access> SocketAccess::with(Access before, const Options &options) {
    if (options.mode) {
        auto mode = parse_mode(*options.mode);
        if (!mode)
            return mode.error();
        before.mode = *mode;
    }
    if (options.owner) {
        auto owner = parse_id(*options.owner, kUsers);
        if (!owner)
            return owner.error();
        before.owner = *owner;
    }
    if (options.group) {
        auto group = parse_id(*options.group, kGroups);
        if (!group)
            return group.error();
        before.group = *group;
    }
    return before;
}

SocketAccess::~SocketAccess() {
    if (!fd_)
        return;
    if (auto applied = apply(before_); !applied)
        spdlog::warn("{}, so who may connect is not as it was", applied.error().desc);
}

Result<SocketAccess::Access> SocketAccess::current() const {
    struct stat now {};
    if (::fstat(fd_.get(), &now) != 0)
        return generic_error("Failed to examine socket {}: {}", path_,
                             std::generic_category().message(errno));
    return Access{.owner = now.st_uid, .group = now.st_gid, .mode = now.st_mode & kPermissions};
}

/// In between stand only those permissions that there are both before and afterwards.
Result<void> SocketAccess::apply(const Access &wanted) const {
    auto now = current();
    if (!now)
        return now.error();
    const auto failed = [this](std::string_view what) {
        return generic_error("Failed to set {} of socket {}: {}", what, path_,
                             std::generic_category().message(errno));
    };
    const std::string itself =
        fmt::format("/proc/self/fd/{}", fd_.get()); // chmod() of a descriptor with O_PATH
    const auto set_mode = [&](mode_t mode) {
        if (now->mode == mode)
            return true;
        now->mode = mode;
        return ::chmod(itself.c_str(), mode) == 0;
    };
    const bool same_owner = now->owner == wanted.owner && now->group == wanted.group;
    if (!same_owner) {
        if (!set_mode(now->mode & wanted.mode))
            return failed("mode");
        if (::fchownat(fd_.get(), "", wanted.owner, wanted.group, AT_EMPTY_PATH) != 0)
            return failed("owner and group");
    }
    if (!set_mode(wanted.mode))
        return failed("mode");
    return {};
}

} // namespace iothreadd
