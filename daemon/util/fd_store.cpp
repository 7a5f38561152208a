// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/fd_store.hpp"

#include "daemon/util/thread.hpp"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>

namespace iothreadd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Result<void> check_text(std::string_view parameter, std::string_view text) {
    if (text.size() > FdStore::kMaxFdTextBytes)
        return generic_error("Parameter '{}' is too long, at most {} bytes can be kept", parameter,
                             FdStore::kMaxFdTextBytes);
    return {};
}

bool has_access_mode(int fd, int access) {
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) == access;
}

/// Whether two descriptors are of one open file description, so that they have flags and locks in common.
bool is_same_description(int one, int other) {
    const pid_t self = ::getpid();
    const long order = ::syscall(SYS_kcmp, self, self, KCMP_FILE, one, other);
    if (order >= 0)
        return order == 0;
    struct stat file {};
    struct stat other_file {}; // a kernel or a sandbox without kcmp(): rather too often than too seldom
    return ::fstat(one, &file) != 0 || ::fstat(other, &other_file) != 0 ||
           (file.st_dev == other_file.st_dev && file.st_ino == other_file.st_ino);
}

bool has_user(const FdStore::Member &member) { return member.flags_before.has_value(); }

} // namespace

FdSetUse::~FdSetUse() {
    if (store_ != nullptr)
        store_->user_gone(set_, fd_);
}

bool FdStore::Set::has_users() const { return !removed.empty() || std::ranges::any_of(members, has_user); }

FdStore::~FdStore() {
    assert(std::ranges::all_of(sets_, [](const auto &entry) { return !entry.second.has_users(); }));
}

Result<void> FdStore::keep(std::string_view monitor, std::string_view name, UniqueFd fd) {
    assert_main_thread();
    if (!name.empty() && is_digit(name.front()))
        return generic_error("Parameter 'fdname' expects a name not starting with a digit");
    if (auto checked = check_text("fdname", name); !checked)
        return checked;
    std::pair key{std::string{monitor}, std::string{name}};
    if (named_.size() >= kMaxNamedFds && !named_.contains(key))
        return generic_error("Too many file descriptors, at most {} can have a name", kMaxNamedFds);
    named_[std::move(key)] = std::move(fd);
    return {};
}

Result<UniqueFd> FdStore::take(std::string_view monitor, std::string_view name) {
    assert_main_thread();
    const auto found = named_.find({std::string{monitor}, std::string{name}});
    if (found == named_.end())
        return generic_error("File descriptor named '{}' has not been found", name);
    UniqueFd fd = std::move(found->second);
    named_.erase(found);
    return fd;
}

TakeFd FdStore::taker(std::string_view monitor) {
    return [this, monitor = std::string{monitor}](std::string_view name) { return take(monitor, name); };
}

Result<void> FdStore::close(std::string_view monitor, std::string_view name) {
    if (!take(monitor, name))
        return generic_error("File descriptor named '{}' not found", name);
    return {};
}

void FdStore::forget_monitor(std::string_view monitor) {
    assert_main_thread();
    std::erase_if(named_, [monitor](const auto &entry) { return entry.first.first == monitor; });
}

std::size_t FdStore::fds_in_sets() const {
    std::size_t count = 0;
    for (const auto &[id, set] : sets_)
        count += set.members.size();
    return count;
}

Result<FdStore::Place> FdStore::add(std::optional<std::int64_t> id, UniqueFd fd,
                                    std::optional<std::string> opaque) {
    assert_main_thread();
    if (id && *id < 0)
        return generic_error("Parameter 'fdset-id' expects a non-negative value");
    if (auto checked = check_text("opaque", opaque.value_or("")); !checked)
        return checked.error();
    if (fds_in_sets() >= kMaxFdsInSets)
        return generic_error("Too many file descriptors, at most {} can be in fd sets", kMaxFdsInSets);
    std::int64_t chosen = id.value_or(0);
    while (!id && sets_.contains(chosen))
        ++chosen;
    const int number = fd.get();
    sets_[chosen].members.push_back({std::move(fd), std::move(opaque)});
    return Place{chosen, number};
}

Result<void> FdStore::remove(std::int64_t id, std::optional<std::int64_t> fd) {
    assert_main_thread();
    const auto set = sets_.find(id);
    const auto is_meant = [fd](const Member &member) { return !fd || member.fd.get() == *fd; };
    const bool found = set != sets_.end() && (!fd || std::ranges::any_of(set->second.members, is_meant));
    if (!found)
        return fd ? generic_error("File descriptor named 'fdset-id:{}, fd:{}' not found", id, *fd)
                  : generic_error("File descriptor named 'fdset-id:{}' not found", id);
    auto &[members, removed] = set->second;
    for (Member &member : members)
        if (is_meant(member) && has_user(member))
            removed.push_back(std::move(member));
    std::erase_if(members, [&](const Member &member) { return !member.fd || is_meant(member); });
    erase_if_over(set);
    return {};
}

void FdStore::forget_unused_sets() {
    assert_main_thread();
    std::erase_if(sets_, [](const auto &entry) { return !entry.second.has_users(); });
}

std::optional<std::int64_t> FdStore::set_of(std::string_view path) {
    const std::string_view number = is_set_path(path) ? path.substr(kSetPath.size()) : "";
    const char *const end = number.data() + number.size();
    std::int64_t id = -1;
    const auto [rest, error] = std::from_chars(number.data(), end, id);
    return error == std::errc{} && rest == end && id >= 0 ? std::optional{id} : std::nullopt;
}

bool FdStore::in_use(int fd) const {
    const auto is_it = [fd](const Member &member) {
        return has_user(member) && is_same_description(member.fd.get(), fd);
    };
    return std::ranges::any_of(sets_, [&](const auto &entry) {
        const auto &[members, removed] = entry.second;
        return std::ranges::any_of(members, is_it) || std::ranges::any_of(removed, is_it);
    });
}

FdSetFile FdStore::duplicate(std::string_view set_path, int access_mode) {
    assert_main_thread();
    const auto id = set_of(set_path);
    if (!id)
        return {.fd = {}, .use = {}, .error = EINVAL};
    const auto set = sets_.find(*id);
    if (set == sets_.end())
        return {.fd = {}, .use = {}, .error = ENOENT};
    bool one_fits = false;
    for (const int wanted : {access_mode, O_RDWR})
        for (Member &member : set->second.members) {
            if (!has_access_mode(member.fd.get(), wanted))
                continue;
            if (!in_use(member.fd.get()))
                return use(*id, member);
            one_fits = true;
        }
    return {.fd = {}, .use = {}, .error = one_fits ? EBUSY : EACCES};
}

FdSetFile FdStore::use(std::int64_t id, Member &member) {
    UniqueFd fd{::fcntl(member.fd.get(), F_DUPFD_CLOEXEC, 0)};
    if (!fd)
        return {.fd = {}, .use = {}, .error = errno};
    member.flags_before = ::fcntl(member.fd.get(), F_GETFL);
    return {.fd = std::move(fd), .use = FdSetUse{*this, id, member.fd.get()}, .error = 0};
}

void FdStore::user_gone(std::int64_t id, int fd) {
    assert_main_thread();
    const auto set = sets_.find(id);
    assert(set != sets_.end());
    const auto is_it = [fd](const Member &member) { return member.fd.get() == fd; };
    auto &[members, removed] = set->second;
    auto member = std::ranges::find_if(members, is_it);
    const bool is_removed = member == members.end();
    if (is_removed)
        member = std::ranges::find_if(removed, is_it);
    assert(is_removed ? member != removed.end() : has_user(*member));
    ::fcntl(fd, F_SETFL, *std::exchange(member->flags_before, std::nullopt));
    if (is_removed)
        removed.erase(member);
    erase_if_over(set);
}

void FdStore::erase_if_over(Sets::iterator set) {
    if (set->second.members.empty() && !set->second.has_users())
        sets_.erase(set);
}

} // namespace iothreadd
