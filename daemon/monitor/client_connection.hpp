// SPDX-License-Identifier: Apache-2.0
//
// ClientConnection: the bytes of one monitor client, in the event loop that serves it: an IOThread's, or the
// main one. It reads while the protocol on top (a derived class) wants input, and queues what is to be sent.
//
// A client that reads too slowly first gets no more of its commands run; then events for it are dropped and
// counted; and when it takes nothing at all for a while it loses the connection. Nobody else waits for it.
//
// Life: start() → served in its home thread → the client leaves, finish() or abort() → closed → `forget`, on
// the main thread. A command of its that still runs keeps the object, and its answer goes nowhere.
//
// Thread: as each function says; lock_ guards what both threads touch.
#pragma once

#include "daemon/aio/aio_home.hpp"
#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/aio_timer.hpp"
#include "daemon/aio/bottom_half.hpp"
#include "daemon/monitor/role.hpp"
#include "daemon/util/unique_fd.hpp"
#include "protocol/qmp/qmp_message.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

struct ClientIdentity {
    std::int64_t id;
    std::string monitor;
    ClientPermit permit{};
};

/// How an event is written for a client.
struct EventForm {
    QmpStyle style;
    bool numbered;
};

struct ClientState;

class ClientConnection : private AioHandler, public std::enable_shared_from_this<ClientConnection> {
public:
    /// Output that waits for the client: from here on its commands wait too, and events for it are dropped.
    /// One message may go past the limit, so that a long answer always fits.
    static constexpr std::size_t kPauseOutputBytes = 1U << 20;
    /// Steps (a command, a read) before it is the others' turn.
    static constexpr int kStepsPerTurn = 16;

    struct Traffic {
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        std::size_t waiting_bytes = 0; ///< not yet taken by the client's socket
    };

    /// `home` serves it; `forget` runs on the main thread when all is over, posted with `post_to_main`. A
    /// client that is behind and takes nothing for `stalled_timeout` is disconnected.
    struct Setup {
        AioHome home;
        UniqueFd socket;
        ClientIdentity identity;
        std::chrono::nanoseconds stalled_timeout;
        std::function<void(std::function<void()>)> post_to_main;
        std::function<void(ClientConnection &)> forget;
    };

    ~ClientConnection() override;

    /// Begin to serve. Main thread.
    void start();
    /// Run no more commands; those that run are answered. Any thread.
    void stop_commands();
    /// Answer the command that runs, send what is queued, then end the connection. Any thread.
    void finish();
    /// End the connection now. Any thread.
    void abort();
    /// End it before this returns; nobody is told. Main thread.
    void abort_and_wait();

    Traffic traffic() const;
    std::int64_t id() const { return identity_.id; }
    const std::string &monitor() const { return identity_.monitor; }
    const ClientPermit &permit() const { return identity_.permit; }
    /// Names it in the log.
    const std::string &label() const { return label_; }

    /// What is told about it. Any thread.
    virtual ClientState state() const = 0;
    /// How an event is to be written for it; nothing: it is not for this client. Any thread.
    virtual std::optional<EventForm> event_form(std::string_view) const { return std::nullopt; }
    /// Queue the line of an event. Any thread.
    virtual void send_event(const std::string &) {}

    /// End a connection on which everything is written so that the client reads to the last byte.
    static void end_connection(int fd);

protected:
    explicit ClientConnection(Setup setup);

    // The protocol. Home thread, lock_ not held.
    /// Do one thing, such as run a command; false: there is none.
    virtual bool step() = 0;
    virtual bool wants_input() = 0;
    virtual void receive(std::string_view bytes) = 0;
    /// `fd` came with the bytes of the receive() that follows, which begin at `begin`, counted from the
    /// start of the connection. Of several that came together it is the first; the others are closed.
    virtual void receive_fd(UniqueFd, std::uint64_t /*begin*/) {}
    /// The client sends no more.
    virtual void input_ended() = 0;
    /// Of what was received nothing is left to begin.
    virtual bool begun() = 0;
    /// After input_ended(): nothing is left to do or to answer.
    virtual bool done() = 0;
    /// The connection is over: let go of what came through it.
    virtual void closed() {}
    /// A line to send now that everything before it is sent; empty: none. lock_ held.
    virtual std::string line_for_room() { return {}; }

    /// Queue `text`. Any thread; lock_ held.
    void queue_locked(std::string text);
    /// Whether the client is so far behind that it gets nothing but answers.
    bool is_behind() const { return waiting_bytes_.load(std::memory_order_relaxed) >= kPauseOutputBytes; }
    /// A command begins. Home thread; lock_ held.
    void command_began_locked() {
        home().account().requests.add();
        ++commands_running_;
        ++commands_;
    }
    bool commands_stopped() const;
    /// It has ended: queue its answer. Any thread; lock_ not held.
    void command_ended(std::string answer);
    /// Go on in the home thread: something is queued or changed. Any thread; lock_ not held.
    void wake();

    AioContext &home() const { return home_.context; }
    /// What every client has. Any thread; lock_ held.
    ClientState state_locked() const;
    void post_to_main(std::function<void()> fn) const { post_to_main_(std::move(fn)); }

    mutable std::mutex lock_;

private:
    Drained ready(std::uint32_t revents) override;
    void attach();
    void advance();
    bool read();
    void write();
    void watch_stall(bool blocked);
    bool nothing_unread() const;
    void settle();
    void close();

    const AioHome home_;
    UniqueFd socket_;
    const ClientIdentity identity_;
    const std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
    const std::string label_;
    const std::chrono::nanoseconds stalled_timeout_;
    const std::function<void(std::function<void()>)> post_to_main_;
    const std::function<void(ClientConnection &)> forget_;

    // Guarded by lock_.
    std::string output_;
    std::optional<BottomHalf> wake_; ///< while served
    int commands_running_ = 0;
    std::uint64_t commands_ = 0;
    bool commands_stopped_ = false;
    bool finishing_ = false;    ///< end when the commands that run are answered
    bool output_ended_ = false; ///< nothing follows what is queued
    bool output_lost_ = false;  ///< the client takes nothing any more
    bool aborted_ = false;
    bool closed_ = false;
    bool forgotten_ = false; ///< somebody else sees to it

    std::atomic<std::size_t> waiting_bytes_{0}; ///< output_ and the rest of writing_
    std::atomic<std::uint64_t> bytes_in_{0};
    std::atomic<std::uint64_t> bytes_out_{0};

    // Home thread.
    std::string writing_;
    std::size_t written_ = 0; ///< of writing_
    std::optional<AioTimer> stalled_;
    bool readable_ = false;
    bool hung_up_ = false; ///< nobody is there to read
    bool input_over_ = false;
    bool advancing_ = false;
};

/// What is told about a client.
struct ClientState {
    ClientIdentity identity;
    bool human; ///< a person at the human monitor; the rest speaks QMP
    std::chrono::system_clock::time_point since;
    std::optional<std::vector<std::string_view>> capabilities; ///< of QMP, once negotiated
    std::optional<std::vector<std::string>> events;            ///< when it filters
    std::uint64_t commands;
    std::uint64_t events_dropped;
    ClientConnection::Traffic traffic;
};

} // namespace iothreadd
