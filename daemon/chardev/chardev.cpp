// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/chardev.hpp"

#include "daemon/util/thread.hpp"

#include <cassert>
#include <utility>

namespace iothreadd {

Chardev::Chardev(std::string id) : id_(std::move(id)) {}

Chardev::~Chardev() {
    assert_main_thread();
    assert(!attached());
}

Result<void> Chardev::attach(Serve serve, Echo echo) {
    assert_main_thread();
    if (attached())
        return generic_error("chardev '{}' is already in use", id_);
    serve_ = std::move(serve);
    streams_ = std::make_shared<std::size_t>(0);
    auto started = start(echo);
    if (!started)
        detach(); // what start() had changed already, such as a terminal, is put back
    return started;
}

void Chardev::detach() {
    assert_main_thread();
    assert(attached());
    stop();
    serve_ = nullptr;
    streams_.reset();
}

boost::asio::awaitable<Result<void>> Chardev::wait_for_client() { co_return Result<void>{}; }

bool Chardev::hand_out(UniqueFd socket, bool relayed) {
    const auto streams_here = streams_;
    auto ended = [this, attachment = std::weak_ptr{streams_}] {
        const auto streams = attachment.lock(); // gone with the attachment, so also with this chardev
        if (!streams)
            return;
        --*streams;
        if (!shut_down_)
            stream_ended();
    };
    const bool served = serve_({.socket = std::move(socket), .ended = std::move(ended), .relayed = relayed});
    ++*streams_here;
    return served;
}

} // namespace iothreadd
