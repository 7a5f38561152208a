// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/name_lookup.hpp"

#include "daemon/util/run_blocking.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;

struct FreeAddresses {
    void operator()(addrinfo *list) const { ::freeaddrinfo(list); }
};

struct Answer {
    int error = 0; ///< of getaddrinfo()
    int error_number = 0;
    std::unique_ptr<addrinfo, FreeAddresses> list{};
};

Answer ask(const std::string &host, const std::string &port, int flags) {
    addrinfo hints{};
    hints.ai_flags = flags;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    addrinfo *found = nullptr;
    Answer answer;
    answer.error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
    answer.error_number = errno;
    if (answer.error == 0)
        answer.list.reset(found);
    return answer;
}

Result<TcpAddresses> addresses_in(const Answer &answer) {
    if (answer.error == EAI_SYSTEM)
        return generic_error("{}", std::generic_category().message(answer.error_number));
    if (answer.error != 0)
        return generic_error("{}", ::gai_strerror(answer.error));
    TcpAddresses addresses; // a name may stand in more than one place and so have an address twice
    for (const addrinfo *entry = answer.list.get(); entry != nullptr; entry = entry->ai_next) {
        asio::ip::tcp::endpoint address;
        if (entry->ai_addrlen > address.capacity())
            continue;
        std::memcpy(address.data(), entry->ai_addr, entry->ai_addrlen);
        address.resize(entry->ai_addrlen);
        if (std::ranges::find(addresses, address) == addresses.end())
            addresses.push_back(address);
    }
    if (addresses.empty())
        return generic_error("{}", ::gai_strerror(EAI_NONAME));
    return addresses;
}

} // namespace

asio::awaitable<Result<TcpAddresses>> look_up_host(std::string host, std::string port, int flags) {
    const Answer at_once = ask(host, port, flags | AI_NUMERICHOST | AI_NUMERICSERV); // asks nobody
    if (at_once.error != EAI_NONAME)
        co_return addresses_in(at_once);
    auto work = [host = std::move(host), port = std::move(port), flags] {
        return addresses_in(ask(host, port, flags));
    };
    co_return co_await run_blocking(std::move(work));
}

} // namespace iothreadd
