// SPDX-License-Identifier: Apache-2.0
//
// FdStore: descriptors that clients sent, until they are used. One with a name belongs to the monitor that
// it came through and is given away once. Those in an fd set are for everybody, and stay: who opens
// `/dev/fdset/N` gets a duplicate of one whose access mode fits. That shares status flags and locks with the
// original, so each has one user at a time. A set goes with the last of its descriptors and its users.
//
// Thread: main thread.  Source: QMP's getfd and add-fd as observed in QEMU 7.2.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/take_fd.hpp"
#include "daemon/util/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace iothreadd {

class FdStore;

/// The user of a descriptor of a set. When it goes, the descriptor has the status flags again that it had
/// before, and the next one may come.
class [[nodiscard]] FdSetUse {
public:
    FdSetUse() = default;
    FdSetUse(FdStore &store, std::int64_t set, int fd) : store_(&store), set_(set), fd_(fd) {}
    FdSetUse(FdSetUse &&other) noexcept
        : store_(std::exchange(other.store_, nullptr)), set_(other.set_), fd_(other.fd_) {}
    FdSetUse &operator=(FdSetUse &&other) noexcept {
        std::swap(store_, other.store_);
        std::swap(set_, other.set_);
        std::swap(fd_, other.fd_);
        return *this;
    }
    FdSetUse(const FdSetUse &) = delete;
    FdSetUse &operator=(const FdSetUse &) = delete;
    ~FdSetUse();

private:
    FdStore *store_ = nullptr;
    std::int64_t set_ = 0;
    int fd_ = -1; ///< the original's number
};

/// What became of opening `/dev/fdset/N`.
struct FdSetFile {
    UniqueFd fd;   ///< empty: it could not be opened
    FdSetUse use;  ///< lives as long as `fd`
    int error = 0; ///< an errno value
};

class FdStore {
public:
    static constexpr std::size_t kMaxNamedFds = 256;
    static constexpr std::size_t kMaxFdsInSets = 256;
    /// Of a name, or of what a client wants to remember of a descriptor.
    static constexpr std::size_t kMaxFdTextBytes = 4096;

    struct Member {
        UniqueFd fd;
        std::optional<std::string> opaque;
        std::optional<int> flags_before{}; ///< who has a user: its status flags without him
    };
    struct Set {
        std::vector<Member> members; ///< in the order in which they came
        std::vector<Member> removed; ///< no members any more; each stays open for its user
        bool has_users() const;
    };
    struct Place {
        std::int64_t set;
        int fd;
    };

    FdStore() = default;
    ~FdStore(); ///< nobody uses a set any more
    FdStore(const FdStore &) = delete;
    FdStore &operator=(const FdStore &) = delete;

    /// Keep `fd`; one of the same name is closed.
    /// Errors: the name is too long or starts with a digit; too many.
    Result<void> keep(std::string_view monitor, std::string_view name, UniqueFd fd);
    /// Give it away. Errors: `File descriptor named 'X' has not been found`.
    Result<UniqueFd> take(std::string_view monitor, std::string_view name);
    /// take() for those of one monitor. Outlived by the store.
    TakeFd taker(std::string_view monitor);
    /// Errors: `File descriptor named 'X' not found`.
    Result<void> close(std::string_view monitor, std::string_view name);
    /// Close all that came through a monitor.
    void forget_monitor(std::string_view monitor);

    /// Keep `fd` in set `id`, which need not exist, or in one with the lowest free id.
    /// Errors: a negative id; `opaque` is too long; too many.
    Result<Place> add(std::optional<std::int64_t> id, UniqueFd fd, std::optional<std::string> opaque);
    /// Close one of a set, or all of them; those that are used when their users go.
    /// Errors: there is no such set or descriptor.
    Result<void> remove(std::int64_t id, std::optional<std::int64_t> fd);
    /// Remove what nobody uses.
    void forget_unused_sets();
    /// The largest id first.
    const std::map<std::int64_t, Set, std::greater<>> &sets() const { return sets_; }

    /// Whether a path is about a set.
    static bool is_set_path(std::string_view path) { return path.starts_with(kSetPath); }
    /// Its id; nothing: the path is not that of a set.
    static std::optional<std::int64_t> set_of(std::string_view path);
    /// Duplicate the first unused descriptor whose access mode is that of open(2)'s O_RDONLY, O_WRONLY or
    /// O_RDWR, else the first that can be read and written. Its status flags, offset and locks are those of
    /// the original; a descriptor that came twice is used when either is.
    /// Errors: EINVAL: not the path of a set; ENOENT: there is no such set; EACCES: none fits; EBUSY: all
    /// that fit are used.
    FdSetFile duplicate(std::string_view set_path, int access_mode);

private:
    friend FdSetUse;

    static constexpr std::string_view kSetPath = "/dev/fdset/";
    using Sets = std::map<std::int64_t, Set, std::greater<>>;

    std::size_t fds_in_sets() const;
    bool in_use(int fd) const;
    FdSetFile use(std::int64_t id, Member &member);
    void user_gone(std::int64_t id, int fd);
    void erase_if_over(Sets::iterator set);

    std::map<std::pair<std::string, std::string>, UniqueFd> named_; ///< by monitor and name
    Sets sets_;
};

} // namespace iothreadd
