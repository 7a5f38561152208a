// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/listening_chardev.hpp"
#include "daemon/util/activated_socket.hpp"
#include "daemon/util/tcp_socket.hpp"
#include "daemon/util/unix_listener.hpp"
#include "tests/unit/chardev/chardev_fixture.hpp"

#include <netinet/in.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;
using Kind = qapi::ChardevBackendKind;

namespace {

qapi::ChardevBackend socket_at(const qapi::ChardevSocketOptions &options) {
    return backend_of<Kind::socket>(options);
}

qapi::ChardevBackend listen_at(const std::string &path) { return socket_at({.path = path, .server = true}); }

bool is_readable(int fd) {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) == 1;
}

UniqueFd connect_to(const std::string &path) {
    const auto address = unix_socket_address(path).value();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    return fd;
}

/// Whether two sockets are the ends of one connection.
bool are_connected(const UniqueFd &one, const UniqueFd &other) {
    return ::send(one.get(), "x", 1, MSG_NOSIGNAL) == 1 && is_readable(other.get());
}

UniqueFd listen_on_loopback() {
    auto listening = listen_tcp("127.0.0.1", "0");
    return std::move(run_alone(std::move(listening)).value().value().front());
}

std::string port_of(const UniqueFd &socket) {
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
    return std::to_string(ntohs(address.sin_port));
}

UniqueFd connect_to_port(const std::string &port) {
    auto connecting = connect_tcp("127.0.0.1", port);
    return std::move(run_alone(std::move(connecting)).value().value());
}

} // namespace

TEST_CASE_METHOD(ChardevFixture, "Chardev: server=on listens, on a socket of its owner alone", "[chardev]") {
    REQUIRE(add("c", listen_at(path("q"))).has_value());
    struct stat file {};
    REQUIRE(::stat(path("q").c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    CHECK(chardevs.find("c")->filename() == "disconnected:unix:" + path("q") + ",server=on");
    CHECK(chardevs.find("d") == nullptr);
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: everybody who connects is a client, also who came early",
                 "[chardev]") {
    REQUIRE(add("c", listen_at(path("q"))).has_value());
    const UniqueFd early = connect_to(path("q"));
    io.poll();
    CHECK(streams.empty());
    Chardev &chardev = attach("c");
    await_clients(1);
    const UniqueFd late = connect_to(path("q"));
    await_clients(2);
    CHECK(are_connected(early, streams[0].socket));
    CHECK(are_connected(late, streams[1].socket));
    CHECK(chardev.filename() == "unix:" + path("q") + ",server=on");
    end(streams[0]);
    end(streams[1]);
    CHECK(chardev.filename() == "disconnected:unix:" + path("q") + ",server=on");
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: between two monitors clients wait", "[chardev]") {
    REQUIRE(add("c", listen_at(path("q"))).has_value());
    attach("c").detach();
    const UniqueFd client = connect_to(path("q"));
    io.poll();
    CHECK(streams.empty());
    attach("c");
    await_clients(1);
    CHECK(are_connected(client, streams[0].socket));
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: the file of a socket goes with it, or when the daemon ends",
                 "[chardev]") {
    REQUIRE(add("c", listen_at(path("c"))).has_value());
    CHECK(std::filesystem::exists(path("c")));
    if (GENERATE(true, false))
        chardevs.shut_down();
    else
        REQUIRE(chardevs.remove("c").has_value());
    CHECK_FALSE(std::filesystem::exists(path("c")));
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: listens on a socket that was passed to it", "[chardev]") {
    UniqueFd listener = listen_on_loopback();
    const std::string port = port_of(listener);
    const int fd = listener.release();
    REQUIRE(::fcntl(fd, F_SETFD, 0) == 0); // as after an exec
    const auto passed = socket_at({.fd = std::to_string(fd), .server = true});
    REQUIRE(add("c", passed, take_passed_socket).has_value());
    CHECK(chardevs.find("c")->filename() == "disconnected:tcp:127.0.0.1:" + port + ",server=on");
    attach("c");
    const UniqueFd client = connect_to_port(port);
    await_clients(1);
    CHECK(are_connected(client, streams[0].socket));
    CHECK(add("d", passed, take_passed_socket).error().desc ==
          fmt::format("File descriptor '{}' is already in use", fd));
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: of a host with several addresses it listens at each",
                 "[chardev]") {
    std::vector<UniqueFd> listeners;
    for (int address = 0; address < 2; ++address)
        listeners.push_back(listen_on_loopback());
    const std::string ports[] = {port_of(listeners[0]), port_of(listeners[1])};
    ListeningChardev chardev{io, "c", std::move(listeners)};
    const std::string addresses =
        fmt::format("tcp:127.0.0.1:{},tcp:127.0.0.1:{},server=on", ports[0], ports[1]);
    CHECK(chardev.filename() == "disconnected:" + addresses);

    const std::string &chosen = GENERATE_REF(ports[0], ports[1]);
    bool somebody = false;
    auto waiting = chardev.wait_for_client();
    boost::asio::co_spawn(io, std::move(waiting),
                          [&](const std::exception_ptr &, const Result<void> &) { somebody = true; });
    io.poll();
    CHECK_FALSE(somebody);
    const UniqueFd early = connect_to_port(chosen);
    run_until([&] { return somebody; });
    chardev.turn_away_waiting();
    CHECK(is_readable(early.get())); // the end

    const auto serve = [this](ChardevStream stream) {
        streams.push_back(std::move(stream));
        return true;
    };
    REQUIRE(chardev.attach(serve, Echo::by_terminal).has_value());
    std::vector<UniqueFd> clients;
    for (const std::string &port : ports) {
        clients.push_back(connect_to_port(port));
        await_clients(clients.size());
        CHECK(are_connected(clients.back(), streams.back().socket));
    }
    CHECK(chardev.filename() == addresses);
    chardev.detach();
    const UniqueFd late = connect_to_port(chosen);
    io.poll();
    CHECK(streams.size() == 2);
    chardev.shut_down();
    auto too_late = connect_tcp("127.0.0.1", chosen);
    CHECK(run_alone(std::move(too_late)).value().has_error());
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: a connection that was passed to it has one client, once",
                 "[chardev]") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const UniqueFd other{pair[1]};
    const auto take = [&](std::string_view) -> Result<UniqueFd> { return UniqueFd{pair[0]}; };
    REQUIRE(add("c", socket_at({.fd = "it"}), take).has_value());
    Chardev &chardev = attach("c");
    REQUIRE(streams.size() == 1);
    CHECK(are_connected(other, streams[0].socket));
    chardev.detach();
    CHECK(chardev.attach([](const ChardevStream &) { return true; }, Echo::by_terminal).error().desc ==
          "chardev 'c' is not connected");
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: without server=on it connects", "[chardev]") {
    auto manager = bind_unix_listener(path("manager"));
    REQUIRE(manager.has_value());
    REQUIRE(add("c", socket_at({.path = path("manager")})).has_value());
    CHECK(is_readable(manager->fd.get()));
    CHECK(chardevs.find("c")->filename() == "unix:" + path("manager"));
    attach("c");
    CHECK(streams.size() == 1);
}

TEST_CASE_METHOD(ChardevFixture,
                 "Chardev: with reconnect it connects when there is somebody, again and again", "[chardev]") {
    REQUIRE(add("c", socket_at({.path = path("manager"), .reconnect_ms = 10})).has_value());
    Chardev &chardev = attach("c");
    CHECK(chardev.filename() == "disconnected:unix:" + path("manager"));
    auto manager = bind_unix_listener(path("manager"));
    REQUIRE(manager.has_value());
    for (std::size_t client = 1; client <= 3; ++client) {
        await_clients(client);
        CHECK(chardev.filename() == "unix:" + path("manager"));
        const UniqueFd accepted{::accept(manager->fd.get(), nullptr, nullptr)};
        CHECK(are_connected(accepted, streams.back().socket));
        end(streams.back());
    }
    chardev.detach();
    io.restart();
    io.run_for(std::chrono::milliseconds{30});
    CHECK(streams.size() == 3); // no more without a monitor
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: with wait=on it returns when somebody connected", "[chardev]") {
    std::atomic<bool> connected = false;
    UniqueFd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::thread thread([&] {
        const auto address = unix_socket_address(path("q")).value();
        while (::connect(client.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
            std::this_thread::yield();
        connected = true;
    });
    const auto added = add("c", socket_at({.path = path("q"), .server = true, .wait = true}));
    thread.join();
    CHECK(added.has_value());
    CHECK(connected);
    attach("c");
    await_clients(1);
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: who waits for a client is not in the way of its removal",
                 "[chardev]") {
    auto answer = begin_to_add("c", socket_at({.path = path("q"), .server = true, .wait = true}));
    run_until([&] { return chardevs.find("c") != nullptr; });
    attach("c").detach(); // is no reason to wait no longer
    run_idle();
    CHECK_FALSE(*answer);
    REQUIRE(chardevs.remove("c").has_value());
    run_until([&] { return answer->has_value(); });
    CHECK((*answer)->error().desc == "chardev 'c' was removed");
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: waits for room in the backlog of whom it connects to",
                 "[chardev]") {
    auto manager = bind_unix_listener(path("manager"));
    REQUIRE(manager.has_value());
    REQUIRE(::listen(manager->fd.get(), 0) == 0);
    const UniqueFd other = connect_to(path("manager"));
    auto answer = begin_to_add("c", socket_at({.path = path("manager")}));
    run_idle();
    CHECK_FALSE(*answer);
    REQUIRE(UniqueFd{::accept(manager->fd.get(), nullptr, nullptr)});
    run_until([&] { return answer->has_value(); });
    CHECK((*answer)->has_value());
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: connects again also after it had no descriptor for that",
                 "[chardev]") {
    const UniqueFd listener = listen_on_loopback();
    REQUIRE(add("c", socket_at({.host = "127.0.0.1", .port = port_of(listener), .reconnect_ms = 10})));
    attach("c");
    await_clients(1);
    streams[0].socket.reset();
    {
        const FewDescriptors few{GENERATE(0U, 1U)};
        streams[0].ended();
        run_idle();
        CHECK(streams.size() == 1);
    }
    await_clients(2);
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: connects no more when the daemon ends", "[chardev]") {
    auto manager = bind_unix_listener(path("manager"));
    REQUIRE(manager.has_value());
    REQUIRE(add("c", socket_at({.path = path("manager"), .reconnect_ms = 1})).has_value());
    attach("c");
    await_clients(1);
    chardevs.shut_down();
    end(streams[0]);
    run_idle();
    CHECK(streams.size() == 1);
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: goes on when somebody could not be served", "[chardev]") {
    const bool listens = GENERATE(true, false);
    auto manager = bind_unix_listener(path("manager"));
    REQUIRE(manager.has_value());
    REQUIRE(add("c", listens ? listen_at(path("q")) : socket_at({.path = path("manager"), .reconnect_ms = 1}))
                .has_value());
    int calls = 0;
    const auto serve = [&](ChardevStream stream) -> bool {
        if (++calls == 1)
            throw std::runtime_error("out of cheese");
        streams.push_back(std::move(stream));
        return true;
    };
    REQUIRE(chardevs.find("c")->attach(serve, Echo::by_terminal).has_value());
    std::vector<UniqueFd> clients;
    for (int i = 0; listens && i < 2; ++i)
        clients.push_back(connect_to(path("q")));
    await_clients(1);
    CHECK(calls == 2);
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: says what is wrong with its address", "[chardev]") {
    const auto refusal = [&](const qapi::ChardevSocketOptions &socket) {
        qapi::ChardevOptions options;
        static_cast<qapi::ChardevSocketOptions &>(
            options.u.emplace<static_cast<std::size_t>(Kind::socket)>()) = socket;
        auto backend = chardev_backend(options);
        return backend ? add("d", *backend, take_passed_socket).error().desc : backend.error().desc;
    };
    const std::string taken = path("q");
    REQUIRE(add("c", listen_at(taken)).has_value());
    CHECK(refusal({.path = taken, .server = true}) ==
          "Failed to bind socket to " + taken + ": Address already in use");
    CHECK(refusal({.path = taken, .host = "h", .server = true}) ==
          "None or one of 'path', 'fd' or 'host' option required.");
    CHECK(refusal({.server = true}) == "chardev: socket: one of 'path', 'fd' or 'host' is needed");
    CHECK(refusal({.host = "h", .server = true}) == "chardev: socket: no port given");
    CHECK(refusal({.path = taken, .port = "1", .server = true}) ==
          "chardev: socket: 'port' goes with 'host' only");
    CHECK(refusal({.path = taken, .wait = true}) ==
          "'wait' option is incompatible with socket in client connect mode");
    CHECK(refusal({.path = taken, .server = true, .reconnect = 1}) ==
          "'reconnect' option is incompatible with socket in server listen mode");
    CHECK(refusal({.path = taken, .reconnect = 1, .reconnect_ms = 1}) ==
          "'reconnect' and 'reconnect-ms' are mutually exclusive");
    CHECK(refusal({.fd = "0", .reconnect = 1}) == "'reconnect' option is incompatible with 'fd'");
    CHECK(refusal({.path = path("none")}) ==
          "Failed to connect to '" + path("none") + "': No such file or directory");
    CHECK(refusal({.fd = "no-such-name", .server = true}) ==
          "No socket named 'no-such-name' was passed by the service manager");
    CHECK(refusal({.path = "/" + std::string(200, 'x'), .server = true}) ==
          "UNIX socket path '/" + std::string(200, 'x') + "' is too long");
    CHECK(add("1c", listen_at(path("r"))).error().desc == "Parameter 'id' expects an identifier");
    CHECK(add("c", listen_at(path("r"))).error().desc == "Chardev with id 'c' already exists");
    CHECK(add("d", listen_at(path("r"))).has_value()); // the id is still free
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: nobody there to connect to", "[chardev]") {
    {
        const auto address = unix_socket_address(path("stale")).value();
        const UniqueFd stale{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(::bind(stale.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    }
    CHECK(add("c", socket_at({.path = path("stale")})).error().desc ==
          "Failed to connect to '" + path("stale") + "': Connection refused");
}
