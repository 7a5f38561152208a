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
public:
    void drain(const std::shared_ptr<void> &done) override;

protected:
    /// How a client came to be over.
    enum class Over {
        left,    ///< nobody is at the other end, or the monitor has had enough of him
        silent,  ///< the same, and the input is at its end
        refused, ///< the monitor did not want him
    };

    RelayedChardev(boost::asio::io_context &io, std::string id);

    /// Hand out a client who says what comes from `input` (empty: nothing) and reads on `output`. What was
    /// said to the one before comes first.
    /// Errors: no descriptors left.
    Result<void> begin(UniqueFd input, UniqueFd output);
    /// The client is over, and the daemon goes on.
    virtual void client_over(Over how);
    /// Nobody could be handed out, for want of descriptors as a rule: `again` in a while, unless stopped.
    void retry_later(const Error &error, std::function<void()> again);

    void stop() override;
    /// Let `settings` go when what was said last is out.
    void keep_while_leaving(std::shared_ptr<void> settings);

    boost::asio::io_context &io() { return io_; }

private:
    static constexpr std::chrono::seconds kRetry{1};

    boost::asio::io_context &io_;
    std::shared_ptr<ByteRelay> relay_;
    std::weak_ptr<ByteRelay> leaving_; ///< stopped, with something left to say
    std::shared_ptr<boost::asio::steady_timer> retry_;
};

/// A copy of a descriptor for begin().
Result<UniqueFd> duplicate(int fd);

} // namespace iothreadd
