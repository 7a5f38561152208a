// SPDX-License-Identifier: Apache-2.0
//
// Descriptors that clients send along with their commands, through real sockets.
#include "daemon/monitor/pending_fds.hpp"
#include "daemon/util/fd_store.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <iterator>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

constexpr std::string_view kOob = R"({"execute":"qmp_capabilities","arguments":{"enable":["oob"]}})";
constexpr std::string_view kTake = R"({"execute":"take-fd"})";
constexpr std::string_view kEcho = R"({"execute":"echo"})";
constexpr std::string_view kWait = R"({"execute":"wait"})";

std::size_t open_fds() {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// A file of `size` bytes, by which it is recognised.
UniqueFd file_of(int size) {
    UniqueFd fd{::memfd_create("sent", MFD_CLOEXEC)};
    REQUIRE(::ftruncate(fd.get(), size) == 0);
    return fd;
}

/// One message with these bytes and descriptors.
void send_fds(TestClient &client, std::string_view text, const std::vector<int> &fds) {
    const std::size_t size = fds.size() * sizeof(int);
    std::vector<char> control(CMSG_SPACE(size));
    iovec bytes{.iov_base = const_cast<char *>(text.data()), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr *const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), fds.data(), size);
    REQUIRE(::sendmsg(client.fd(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// The same with a new file for each of the sizes.
void send_with(TestClient &client, std::string_view text, const std::vector<int> &sizes) {
    std::vector<UniqueFd> files;
    std::vector<int> fds;
    for (const int size : sizes) {
        files.push_back(file_of(size));
        fds.push_back(files.back().get());
    }
    send_fds(client, text, fds);
}

/// A client at one end of a pair of sockets; the server's end has these options on.
TestClient serve_pair(TestServer &server, MonitorRole role, std::initializer_list<int> options = {}) {
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) == 0);
    TestClient client{server, UniqueFd{pair[0]}};
    UniqueFd socket{pair[1]};
    constexpr int kOn = 1;
    for (const int option : options)
        ::setsockopt(socket.get(), SOL_SOCKET, option, &kOn, sizeof(kOn));
    const MonitorServer::Monitor monitor{
        .name = "m", .dialect = QmpStyle::compact, .home = server.home(), .allow = {{.role = role}}};
    REQUIRE(server.server().serve(monitor, {.socket = std::move(socket), .ended = [] {}, .relayed = true}));
    client.negotiate();
    return client;
}

/// The size of the file that the next answer is about; -1: the command had none.
int answered_size(TestClient &client) {
    Json line = client.line();
    while (line.contains("event"))
        line = client.line();
    return line.contains("return") ? line["return"].get<int>() : -1;
}

} // namespace

TEST_CASE("MonitorServer: a command takes the first descriptor that came with it", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    const std::size_t before = open_fds();
    client.send(kTake);
    CHECK(client.line()["error"]["desc"] == "No file descriptor supplied via SCM_RIGHTS");
    send_with(client, kTake, {1});
    CHECK(answered_size(client) == 1);
    send_with(client, kTake, {2, 3, 4});
    CHECK(answered_size(client) == 2);
    client.send(kTake);
    CHECK(answered_size(client) == -1);
    send_with(client, std::string{kTake} + std::string{kTake}, {5, 6});
    CHECK(answered_size(client) == 5);
    CHECK(answered_size(client) == -1);
    CHECK(open_fds() == before);
}

TEST_CASE("MonitorServer: a descriptor may come with any byte of its command", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    const std::size_t before = open_fds();
    for (std::size_t cut = 1; cut < kTake.size(); ++cut) {
        const bool with_first = cut % 2 == 0;
        const int size = static_cast<int>(cut);
        with_first ? send_with(client, kTake.substr(0, cut), {size})
                   : void(client.send(kTake.substr(0, cut)));
        server.run_ready();
        with_first ? void(client.send(kTake.substr(cut))) : send_with(client, kTake.substr(cut), {size});
        CHECK(answered_size(client) == size);
    }
    SECTION("the last one counts") {
        send_with(client, kTake.substr(0, 5), {1});
        server.run_ready();
        send_with(client, kTake.substr(5), {2});
        CHECK(answered_size(client) == 2);
        client.send(kTake);
        CHECK(answered_size(client) == -1);
    }
    CHECK(open_fds() == before);
}

TEST_CASE("MonitorServer: commands that are sent ahead keep their descriptors", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate(GENERATE(kNegotiate, kOob));
    const std::size_t before = open_fds();
    send_with(client, kWait, {1});
    server.run_until([&] { return server.waiting() == 1; });
    for (int size = 2; size <= 6; ++size)
        send_with(client, size % 2 == 0 ? kTake : kEcho, {size});
    client.send(kTake);
    server.run_ready();
    server.release();
    CHECK(client.line()["event"] == "WAITED");
    CHECK(client.line().contains("return"));
    CHECK(answered_size(client) == 2);
    CHECK(client.line().contains("return"));
    CHECK(answered_size(client) == 4);
    CHECK(client.line().contains("return"));
    CHECK(answered_size(client) == 6);
    CHECK(answered_size(client) == -1);
    CHECK(open_fds() == before);
}

TEST_CASE("MonitorServer: a descriptor waits for the command after the one that left it", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    const std::size_t before = open_fds();
    send_with(client, kEcho, {7});
    CHECK(client.line().contains("return"));
    CHECK(open_fds() == before + 1);
    for (int i = 0; i < 50; ++i) {
        send_with(client, kEcho, {i, i, i});
        CHECK(client.line().contains("return"));
        CHECK(open_fds() <= before + 2);
    }
    client.send(kTake);
    CHECK(answered_size(client) == 49);
    CHECK(open_fds() == before);
}

TEST_CASE("MonitorServer: descriptors do not pile up, whatever the client sends", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate(kOob);
    const std::size_t before = open_fds();
    client.send(kWait);
    server.run_until([&] { return server.waiting() == 1; });
    SECTION("with bytes of one command") {
        for (int i = 0; i < 200; ++i) {
            send_with(client, " ", {i});
            server.run_ready();
        }
        CHECK(open_fds() <= before + 1);
    }
    SECTION("with commands that are run at once") {
        for (int i = 0; i < 200; ++i) {
            send_with(client, R"({"exec-oob":"thread"})", {i});
            CHECK(client.line().contains("return"));
        }
        CHECK(open_fds() <= before + 1);
    }
    SECTION("with commands that wait") {
        for (int i = 0; i < 30; ++i) {
            send_with(client, kEcho, {i});
            server.run_ready();
        }
        CHECK(open_fds() <= before + PendingFds::kMaxPendingFds);
        server.release();
        for (int i = 0; i < 32; ++i)
            client.line();
        CHECK(open_fds() <= before + 2);
    }
    client.close();
    server.run_until([&] { return server.server().clients().empty() || server.waiting() == 1; });
    if (server.waiting() == 1)
        server.release();
    server.run_until([&] { return server.server().clients().empty(); });
    CHECK(open_fds() == before - 2); // both ends of the connection
}

TEST_CASE("MonitorServer: what a client sent goes with it, also while its command waits", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate(kOob);
    const std::size_t before = open_fds();
    send_with(client, kWait, {1});
    server.run_until([&] { return server.waiting() == 1; });
    send_with(client, kTake, {2});
    server.run_until([&] { return open_fds() == before + 2; });
    server.server().close_monitor("test");
    CHECK(open_fds() == before - 1); // the connection
    server.release();
    server.run_ready();
}

TEST_CASE("MonitorServer: a descriptor comes also through a socket that was told to pass more", "[monitor]") {
    constexpr int kPassPidFd = 76; // SO_PASSPIDFD, which older headers do not know
    TestServer server;
    TestClient client = serve_pair(server, MonitorRole::operator_, {SO_PASSCRED, SO_PASSSEC, kPassPidFd});
    const std::size_t before = open_fds();
    for (int i = 1; i <= 5; ++i) {
        send_with(client, kTake, {i, i});
        CHECK(answered_size(client) == i);
        client.send(kTake);
        CHECK(answered_size(client) == -1);
    }
    CHECK(open_fds() == before);
}

TEST_CASE("MonitorServer: a socket that comes does not let its close wait for its peer", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    const UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto sent_with = [&](const linger &before) {
        REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &before, sizeof(before)) == 0);
        send_fds(client, kEcho, {socket.get()});
        CHECK(client.line().contains("return"));
        linger after{};
        socklen_t length = sizeof(after);
        REQUIRE(::getsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &after, &length) == 0);
        return after.l_onoff != 0;
    };
    CHECK_FALSE(sent_with({.l_onoff = 1, .l_linger = 3600}));
    CHECK(
        sent_with({.l_onoff = 1, .l_linger = 0})); // a close that resets the connection does not wait either
}

TEST_CASE("MonitorServer: a client that may take no descriptor parks none here", "[monitor][role]") {
    TestServer server;
    TestClient client = serve_pair(server, MonitorRole::read_only);
    const std::size_t before = open_fds();
    for (int i = 0; i < 3; ++i) {
        send_with(client, i == 0 ? kTake : kEcho, {i});
        CHECK(client.line().contains("error"));
        CHECK(open_fds() == before);
    }
}

TEST_CASE("MonitorServer: a set that is used stays when the last client leaves, and goes with a later one",
          "[monitor]") {
    TestServer server;
    REQUIRE(server.fds().add(5, file_of(1), {}).has_value());
    FdSetFile used = server.fds().duplicate("/dev/fdset/5", O_RDWR);
    REQUIRE(used.fd);
    const auto come_and_go = [&] {
        TestClient client = server.connect();
        client.negotiate();
        client.close();
        server.run_until([&] { return server.server().clients().empty(); });
    };
    come_and_go();
    CHECK(server.fds().sets().at(5).members.size() == 1);
    used = {};
    CHECK(server.fds().sets().contains(5));
    come_and_go();
    CHECK(server.fds().sets().empty());
}

TEST_CASE("MonitorServer: sets that nobody uses go with the last client, names with the monitor",
          "[monitor]") {
    TestServer server;
    TestClient first = server.connect();
    TestClient second = server.connect();
    first.negotiate();
    second.negotiate();
    REQUIRE(server.fds().add({}, file_of(1), {}).has_value());
    REQUIRE(server.fds().keep("test", "a", file_of(2)).has_value());
    REQUIRE(server.fds().keep("other", "a", file_of(3)).has_value());
    first.close();
    server.run_until([&] { return server.server().clients().size() == 1; });
    CHECK(server.fds().sets().size() == 1);
    second.close();
    server.run_until([&] { return server.server().clients().empty(); });
    CHECK(server.fds().sets().empty());
    server.server().close_monitor("test");
    CHECK(server.fds().close("test", "a").has_error());
    CHECK(server.fds().close("other", "a").has_value());
}
