// SPDX-License-Identifier: Apache-2.0
//
// RelayedChardev: what the chardevs that are no sockets have in common: one client at a time, who is at the
// other end of a ByteRelay.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/byte_relay.hpp"
#include "daemon/chardev/chardev.hpp"

namespace iothreadd {

class RelayedChardev : public Chardev {
protected:
    RelayedChardev(boost::asio::io_context &io, std::string id);

    /// Hand out a client who says what comes from `input` (empty: nothing) and reads on `output`.
    /// Errors: no descriptors left.
    Result<void> begin(UniqueFd input, UniqueFd output);
    /// The client is over: nobody is at the other end, or the monitor has had enough of him.
    virtual void client_over(bool input_ended);

    void stop() override;

    boost::asio::io_context &io() { return io_; }

private:
    boost::asio::io_context &io_;
    std::shared_ptr<ByteRelay> relay_;
};

/// A copy of a descriptor for begin().
Result<UniqueFd> duplicate(int fd);

} // namespace iothreadd
