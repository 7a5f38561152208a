// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_handshake.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace iothreadd {

namespace asio = boost::asio;
using namespace nbd;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<bool> read_exactly(NbdSocket &socket, std::span<std::uint8_t> bytes) {
    const asio::mutable_buffer buffer{bytes.data(), bytes.size()};
    const auto [error, count] = co_await asio::async_read(socket, buffer, kAsTuple);
    co_return !error && count == bytes.size();
}

asio::awaitable<bool> write_all(NbdSocket &socket, ConstBytes bytes) {
    const asio::const_buffer buffer{bytes.data(), bytes.size()};
    const auto [error, count] = co_await asio::async_write(socket, buffer, kAsTuple);
    co_return !error && count == bytes.size();
}

asio::awaitable<bool> read_and_drop(NbdSocket &socket, std::size_t bytes) {
    std::array<std::uint8_t, 4096> scratch;
    while (bytes > 0) {
        const auto part = std::min(bytes, scratch.size());
        if (!co_await read_exactly(socket, std::span{scratch}.first(part)))
            co_return false;
        bytes -= part;
    }
    co_return true;
}

/// How much of an option's data its answer depends on.
std::size_t interesting_bytes(const OptionHeader &header) {
    switch (header.option) {
    case NBD_OPT_EXPORT_NAME:
        return std::min<std::size_t>(header.length, kMaxStringBytes);
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        return std::min<std::size_t>(header.length, kMaxInfoRequestBytes);
    default:
        return 0;
    }
}

/// All of the data is read, whatever it is, before anything is answered: that keeps the stream in step, and a
/// last answer is not lost in a reset.
asio::awaitable<std::optional<OptionHeader>> read_option(NbdSocket &socket, ByteVector &data) {
    std::array<std::uint8_t, kOptionHeaderBytes> bytes;
    if (!co_await read_exactly(socket, bytes))
        co_return std::nullopt;
    const auto header = decode_option_header(bytes);
    if (!header || header->length > kMaxOptionBytes)
        co_return std::nullopt;
    data.resize(interesting_bytes(*header));
    if (!co_await read_exactly(socket, data))
        co_return std::nullopt;
    if (!co_await read_and_drop(socket, header->length - data.size()))
        co_return std::nullopt;
    co_return header;
}

} // namespace

asio::awaitable<std::optional<NbdAgreement>> nbd_handshake(NbdSocket &socket, const NbdDirectory &directory) {
    const auto greeting = encode_greeting();
    if (!co_await write_all(socket, greeting))
        co_return std::nullopt;
    std::array<std::uint8_t, kClientFlagsBytes> flag_bytes;
    if (!co_await read_exactly(socket, flag_bytes))
        co_return std::nullopt;
    const auto flags = decode_client_flags(flag_bytes);
    if (!flags)
        co_return std::nullopt;

    NbdNegotiation negotiation{directory, *flags};
    ByteVector data;
    ByteVector answer;
    for (;;) {
        const auto header = co_await read_option(socket, data);
        if (!header)
            co_return std::nullopt;
        answer.clear();
        const auto next = negotiation.answer(*header, data, answer);
        if (!co_await write_all(socket, answer) || next == NbdNegotiation::Next::close)
            co_return std::nullopt;
        if (next == NbdNegotiation::Next::transmission)
            co_return NbdAgreement{negotiation.chosen(), negotiation.structured()};
    }
}

} // namespace iothreadd
