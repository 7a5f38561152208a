// SPDX-License-Identifier: Apache-2.0
//
// Chardev: where a monitor's clients come from, under an id: a listening socket, a connection, a terminal, a
// file. Whatever it is, the monitor gets stream sockets, one for each client. A chardev is there without a
// monitor, and outlives one.
//
// Life: opened → attach() → streams are handed out and end → detach() → attach() of the next → destroyed,
// detached.
//
// Thread: main thread.  Source: QEMU's character devices, which have one client each.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace iothreadd {

class UnixSocketFile;

/// One client.
struct ChardevStream {
    UniqueFd socket;               ///< a connected stream socket, non-blocking
    std::function<void()> ended{}; ///< to be called later, once, when it is over; not if detached before
    bool relayed = false;          ///< its other end is ours: that says nothing about who the client is
};

/// Who shows what a person types at a terminal: the terminal itself, line by line, or the monitor.
enum class Echo { by_terminal, by_monitor };

class Chardev {
public:
    /// Whether the client is served. Who is refused is over: no more is to be expected of the same one.
    using Serve = std::function<bool(ChardevStream)>;

    virtual ~Chardev();
    Chardev(const Chardev &) = delete;
    Chardev &operator=(const Chardev &) = delete;

    const std::string &id() const { return id_; }
    /// What query-chardev shows, such as `disconnected:unix:/run/q.sock,server=on`.
    virtual std::string filename() const = 0;
    /// The path of the terminal that it made, if it did.
    virtual std::optional<std::string> pty() const { return std::nullopt; }
    /// The file of its listening socket, when it made one; null otherwise.
    virtual UnixSocketFile *socket_file() { return nullptr; }

    bool attached() const { return static_cast<bool>(serve_); }
    /// Hand out each client, from now on; the first one maybe before this returns.
    /// Errors: somebody is attached already; there is nobody to talk to any more.
    Result<void> attach(Serve serve, Echo echo);
    /// Hand out no more. The streams that are out belong to those who have them.
    void detach();
    /// Disconnect those who wait to be handed out. Nobody is attached.
    virtual void turn_away_waiting() {}

    /// Return when the first client has connected, or when it is clear that none will.
    /// Errors: it was removed meanwhile; so it may be gone when this returns.
    virtual boost::asio::awaitable<Result<void>> wait_for_client();
    /// The daemon ends: hand out nobody any more, remove files of ours.
    virtual void shut_down() { shut_down_ = true; }
    /// Then, when the streams are over: what was said last still goes out. `done` is let go when it is out,
    /// or has taken too long.
    virtual void drain(const std::shared_ptr<void> &done) { (void)done; }

protected:
    explicit Chardev(std::string id);

    virtual Result<void> start(Echo echo) = 0;
    virtual void stop() = 0;
    /// A stream is over, somebody is attached, and the daemon goes on.
    virtual void stream_ended() {}

    /// Whether the client is served.
    bool hand_out(UniqueFd socket, bool relayed = false);
    bool is_shut_down() const { return shut_down_; }
    /// Handed out, and not yet over.
    bool connected() const { return streams_ && *streams_ > 0; }

private:
    const std::string id_;
    Serve serve_;
    bool shut_down_ = false;
    std::shared_ptr<std::size_t> streams_; ///< of this attachment
};

} // namespace iothreadd
