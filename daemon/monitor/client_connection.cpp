// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/client_connection.hpp"

#include "daemon/monitor/qmp_server.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/thread.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <array>
#include <exception>
#include <utility>

namespace iothreadd {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;
/// Buffers larger than this are given back when they have been written.
constexpr std::size_t kKeepBytes = 4U << 10;
/// How much unread input is thrown away at the end, so that the client sees an end of file and not a reset.
constexpr int kMaxDiscardedReads = 16;

} // namespace

ClientConnection::ClientConnection(boost::asio::io_context &io, QmpServer &server, Socket socket,
                                   QmpStyle style, std::string label)
    : io_(io),
      server_(&server),
      api_(server.api()),
      socket_(std::move(socket)),
      label_(std::move(label)),
      session_({.commands = api_.commands, .style = style}),
      input_wanted_(io),
      work_arrived_(io),
      output_drained_(io),
      output_arrived_(io) {}

void ClientConnection::start() {
    spdlog::debug("{}: connected", label_);
    send(session_.greeting());
    spawn(write_output());
    spawn(read_input());
    spawn(run_commands());
}

void ClientConnection::spawn(boost::asio::awaitable<void> coroutine) {
    ++coroutines_;
    auto ended = [self = shared_from_this()](std::exception_ptr failure) { self->coroutine_ended(failure); };
    boost::asio::co_spawn(io_, std::move(coroutine), std::move(ended));
}

void ClientConnection::coroutine_ended(const std::exception_ptr &failure) {
    try {
        if (failure)
            std::rethrow_exception(failure);
    } catch (const std::exception &exception) {
        spdlog::error("{}: {}", label_, exception.what());
        abort();
    }
    if (--coroutines_ > 0)
        return;
    close_socket();
    spdlog::debug("{}: disconnected", label_);
    if (server_ != nullptr)
        server_->forget(*this);
}

void ClientConnection::send(std::string_view line) {
    assert_main_thread();
    if (line.empty() || output_lost_ || output_ended_)
        return;
    if (output_bytes() > kMaxOutputBytes) {
        spdlog::warn("{}: does not read its messages, disconnected", label_);
        abort();
        return;
    }
    if (output_bytes() == 0)
        line.remove_prefix(write_now(line));
    if (line.empty())
        return;
    output_.append(line);
    output_arrived_.notify();
}

/// Give the socket what it takes at once; most lines need no more. How many bytes that was; a fault shows up
/// again when the rest is written.
std::size_t ClientConnection::write_now(std::string_view line) {
    boost::system::error_code error;
    return socket_.write_some(boost::asio::buffer(line), error);
}

void ClientConnection::stop_commands() {
    commands_stopped_ = true;
    input_wanted_.notify();
    work_arrived_.notify();
    output_drained_.notify();
}

void ClientConnection::finish() {
    finishing_ = true;
    stop_commands();
    if (commands_ended_)
        end_output();
}

void ClientConnection::abort() {
    output_lost_ = true;
    stop_commands();
    end_output();
}

void ClientConnection::end_output() {
    output_ended_ = true;
    output_arrived_.notify();
    if (output_lost_)
        close_socket();
}

void ClientConnection::close_socket() {
    boost::system::error_code error;
    socket_.close(error);
}

boost::asio::awaitable<void> ClientConnection::read_input() {
    while (!commands_stopped_) {
        if (!session_.wants_input()) {
            co_await input_wanted_.wait();
            continue;
        }
        const auto [error] = co_await socket_.async_wait(Socket::wait_read, kUseTuple);
        if (error || commands_stopped_ || !read_available())
            break;
        work_arrived_.notify();
    }
    session_.finish();
    work_arrived_.notify();
}

/// Feed the session with what is there. False at the end of the input.
bool ClientConnection::read_available() {
    std::array<char, kReadBytes> buffer; // NOLINT: filled by the read
    boost::system::error_code error;
    const std::size_t bytes = socket_.read_some(boost::asio::buffer(buffer), error);
    if (error)
        return error == boost::asio::error::would_block || error == boost::asio::error::interrupted;
    session_.feed({buffer.data(), bytes});
    return true;
}

boost::asio::awaitable<void> ClientConnection::run_commands() {
    while (!commands_stopped_) {
        std::optional<QmpStep> step = session_.next();
        if (!step) {
            if (session_.done())
                break;
            input_wanted_.notify();
            co_await work_arrived_.wait();
            continue;
        }
        if (const auto *line = std::get_if<std::string>(&*step)) {
            send(*line);
        } else {
            QmpCommand command = std::get<QmpCommand>(*std::move(step));
            const Result<QmpReply> result = co_await execute(command);
            send(session_.reply(command, result));
        }
        co_await wait_for_output_room();
        co_await boost::asio::post(io_, boost::asio::use_awaitable); // the other clients' turn
    }
    commands_ended_ = true;
    if (finishing_ || session_.done())
        end_output();
}

/// Lifetime: `command` outlives the coroutine.
boost::asio::awaitable<Result<QmpReply>> ClientConnection::execute(const QmpCommand &command) {
    const CommandHandler &handler = api_.handlers[command.index];
    QmpContext context = server_->context_for(*this);
    try {
        if (handler.sync != nullptr)
            co_return handler.sync(context, command.arguments);
        auto answer = handler.coroutine(context, command.arguments);
        co_return co_await std::move(answer);
    } catch (const std::exception &exception) {
        spdlog::error("{}: command {}: {}", label_, api_.commands[command.index].name, exception.what());
        co_return generic_error("Internal error: {}", exception.what());
    }
}

boost::asio::awaitable<void> ClientConnection::wait_for_output_room() {
    while (output_bytes() >= kPauseOutputBytes && !output_lost_ && !commands_stopped_)
        co_await output_drained_.wait();
}

boost::asio::awaitable<void> ClientConnection::write_output() {
    while (!output_lost_) {
        if (output_.empty()) {
            if (output_ended_)
                break;
            co_await output_arrived_.wait();
            continue;
        }
        writing_.swap(output_);
        const auto buffer = boost::asio::buffer(writing_);
        const auto [error, bytes] = co_await boost::asio::async_write(socket_, buffer, kUseTuple);
        writing_.clear();
        if (writing_.capacity() > kKeepBytes)
            writing_.shrink_to_fit();
        output_lost_ = output_lost_ || error;
        output_drained_.notify();
    }
    output_ = {};
    if (output_ended_)
        end_connection(socket_);
}

void ClientConnection::end_connection(Socket &socket) {
    boost::system::error_code error;
    socket.shutdown(Socket::shutdown_send, error);
    std::array<char, kReadBytes> discarded; // NOLINT: filled by the read
    for (int reads = 0; reads < kMaxDiscardedReads && !error; ++reads)
        socket.read_some(boost::asio::buffer(discarded), error);
    socket.close(error);
}

} // namespace iothreadd
