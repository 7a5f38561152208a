// SPDX-License-Identifier: Apache-2.0
//
// ClientConnection: one client of a QMP server: its socket, its session and what it has yet to read. Three
// coroutines share them: one reads while the session wants input, one runs commands, one at a time, and one
// writes. They keep the connection alive; when all have ended the server forgets it.
//
// A client that reads too slowly first gets no more of its commands run, and then, when events go on piling
// up, loses its connection. Nobody else waits for it.
//
// Thread: main thread.
#pragma once

#include "daemon/monitor/qmp_client.hpp"
#include "daemon/monitor/wakeup.hpp"
#include "daemon/util/unique_fd.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace iothreadd {

class QmpServer;

class ClientConnection final : public QmpClient, public std::enable_shared_from_this<ClientConnection> {
public:
    /// Output that waits for the client: from the first limit on its commands wait too, beyond the second it
    /// is disconnected. One message may go past a limit, so that a long answer always fits.
    static constexpr std::size_t kPauseOutputBytes = 1U << 20;
    static constexpr std::size_t kMaxOutputBytes = 4U << 20;

    using Socket = boost::asio::generic::stream_protocol::socket;

    /// `label` names the client in the log.
    ClientConnection(boost::asio::io_context &io, QmpServer &server, Socket socket, QmpStyle style,
                     std::string label);

    /// Greet the client and serve it.
    void start();
    /// Queue a line. Never blocks, never fails: a client that is gone or too slow misses it.
    void send(std::string_view line);
    /// Run no more commands; the one that runs is answered.
    void stop_commands();
    /// Answer the command that runs, write what is queued, then end the connection.
    void finish();
    /// End the connection now.
    void abort();
    /// End a connection on which everything is written so that the client reads to the last byte.
    static void end_connection(Socket &socket);
    /// The server goes away.
    void forget_server() { server_ = nullptr; }

    QmpSession &session() override { return session_; }
    const QmpApi &api() const override { return api_; }

private:
    boost::asio::awaitable<void> read_input();
    boost::asio::awaitable<void> run_commands();
    boost::asio::awaitable<Result<QmpReply>> execute(const QmpCommand &command);
    boost::asio::awaitable<void> wait_for_output_room();
    boost::asio::awaitable<void> write_output();
    bool read_available();
    std::size_t write_now(std::string_view line);
    void end_output();
    void close_socket();
    void spawn(boost::asio::awaitable<void> coroutine);
    void coroutine_ended(const std::exception_ptr &failure);
    std::size_t output_bytes() const { return output_.size() + writing_.size(); }

    boost::asio::io_context &io_;
    QmpServer *server_;
    const QmpApi api_;
    Socket socket_;
    const std::string label_;
    QmpSession session_;

    Wakeup input_wanted_;   ///< for read_input()
    Wakeup work_arrived_;   ///< for run_commands()
    Wakeup output_drained_; ///< for wait_for_output_room()
    Wakeup output_arrived_; ///< for write_output()
    std::string output_;    ///< not yet given to the socket
    std::string writing_;   ///< being written
    int coroutines_ = 0;
    bool commands_stopped_ = false; ///< run no more
    bool commands_ended_ = false;   ///< none runs any more
    bool finishing_ = false;        ///< end when the command that runs is answered
    bool output_ended_ = false;     ///< nothing follows what is queued
    bool output_lost_ = false;      ///< the client does not read any more
};

} // namespace iothreadd
