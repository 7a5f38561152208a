// SPDX-License-Identifier: Apache-2.0
//
// Chardev: where a monitor's clients come from: a listening socket or a connected one, under an id. It is
// there without a monitor, and outlives one.
//
// Thread: main thread.  Source: qemu-storage-daemon's option --chardev.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

namespace qapi {
struct ChardevOptions;
} // namespace qapi

struct Chardev {
    std::string id;
    UnixListener listener{}; ///< without a file unless we made one
    UniqueFd connection{};   ///< instead, in client mode
    bool in_use = false;     ///< by a monitor
};

class ChardevRegistry {
public:
    /// Open the socket: listen, or connect. With wait=on, return when the first client has connected.
    Result<void> add(const qapi::ChardevOptions &options);
    /// Stop listening, and remove our socket files.
    void stop_listening();
    /// Null when there is none.
    Chardev *find(std::string_view id) const;

private:
    std::vector<std::unique_ptr<Chardev>> chardevs_;
};

} // namespace iothreadd
