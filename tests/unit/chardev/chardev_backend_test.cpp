// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/open_chardev.hpp"

#include "qapi/char_codec.hpp"
#include "qapi/monitor_types.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

namespace {

std::string backend(const qapi::QmpOptions &options) {
    auto made = chardev_backend(options);
    return made ? qapi::encode(*made).dump() : made.error().desc;
}

} // namespace

TEST_CASE("chardev_backend: the short form names every kind of device", "[chardev]") {
    CHECK(backend({.device = "stdio"}) == R"({"data":{},"type":"stdio"})");
    CHECK(backend({.device = "pty"}) == R"({"data":{},"type":"pty"})");
    CHECK(backend({.device = "null"}) == R"({"data":{},"type":"null"})");
    CHECK(backend({.device = "file:/tmp/a:b"}) == R"({"data":{"out":"/tmp/a:b"},"type":"file"})");
    CHECK(
        backend({.device = "unix:/run/q", .server = true, .wait = false}) ==
        R"({"data":{"addr":{"data":{"path":"/run/q"},"type":"unix"},"server":true,"wait":false},"type":"socket"})");
    CHECK(
        backend({.device = "tcp:[::1]:4444", .reconnect = 3}) ==
        R"({"data":{"addr":{"data":{"host":"::1","port":"4444"},"type":"inet"},"reconnect":3,"server":false},"type":"socket"})");
    CHECK(backend({.device = "tcp::4444"}).find(R"("host":"","port":"4444")") != std::string::npos);
}

TEST_CASE("chardev_backend: refuses what is no device", "[chardev]") {
    for (const char *device : {"", "bogus", "file", "file:", "stdio:x", "udp:h:1"})
        CHECK(backend({.device = device}) == fmt::format("'{}' is not a valid char driver name", device));
    CHECK(backend({.device = "tcp:host"}) == "chardev: socket: no port given");
    CHECK(backend({.device = "stdio", .server = true}) == "'server', 'wait' and 'reconnect' are for sockets");
}

TEST_CASE("with_long_flags: writes short flags out, and leaves everything else alone", "[chardev]") {
    CHECK(with_long_flags("socket,id=c,path=q,server,nowait") == "socket,id=c,path=q,server=on,wait=off");
    CHECK(with_long_flags("file,id=f,path=a,append") == "file,id=f,path=a,append=on");
    CHECK(with_long_flags("stdio,id=s,nosignal") == "stdio,id=s,signal=off");
    CHECK(with_long_flags("socket,id=c,path=a,,server,,b,server=on") ==
          "socket,id=c,path=a,,server,,b,server=on");
    for (const char *same :
         {"", "server", "socket", "socket,", "socket,,", "socket,help", "socket,nodelay", ",", ",,"})
        CHECK(with_long_flags(same) == same);
}
