// SPDX-License-Identifier: Apache-2.0
//
// ChardevRegistry: the character devices by their ids.
//
// Thread: main thread.  Source: qemu-storage-daemon's option --chardev, QMP's chardev-add.
#pragma once

#include "daemon/chardev/chardev.hpp"
#include "daemon/chardev/open_chardev.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class ChardevRegistry {
public:
    static constexpr std::size_t kMaxChardevs = 1024;

    /// `fds` has what others opened for us.
    ChardevRegistry(boost::asio::io_context &io, FdStore &fds) : io_(io), fds_(fds) {}

    /// Open one; with `wait`, resume when its first client has connected. Others may ask meanwhile.
    /// Errors: a bad id or one that is taken; too many; those of open_chardev(); it was removed meanwhile.
    boost::asio::awaitable<Result<void>> add(std::string id, qapi::ChardevBackend backend, TakeFd take_fd);
    /// Errors: there is none, or it has a monitor.
    Result<void> remove(std::string_view id);
    /// Take no more clients, and remove our socket files.
    void shut_down();
    /// Then, when all monitors are closed: call `done`, later, when what they said last is out. All together
    /// may take ByteRelay::kFlushTimeout.
    void drain(std::function<void()> done);
    /// Null when there is none.
    Chardev *find(std::string_view id) const;
    /// In creation order.
    std::span<const std::unique_ptr<Chardev>> chardevs() const { return chardevs_; }

private:
    Result<void> check_new(const std::string &id, const qapi::ChardevBackend &backend) const;

    boost::asio::io_context &io_;
    FdStore &fds_;
    std::vector<std::unique_ptr<Chardev>> chardevs_;
    const std::shared_ptr<std::set<std::string>> opening_ =
        std::make_shared<std::set<std::string>>(); ///< ids
};

} // namespace iothreadd
