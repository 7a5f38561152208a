// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/export/export_fixture.hpp"
#include "tests/unit/name_gate.hpp"

#include <boost/asio/co_spawn.hpp>

#include <optional>

using namespace iothreadd;
using namespace iothreadd::test;

using Mode = qapi::BlockExportRemoveMode;
using Names = std::vector<std::string>;

namespace {

qapi::BlockExportIothreads one(const std::string &id) {
    qapi::BlockExportIothreads iothreads;
    iothreads.u = id;
    return iothreads;
}

qapi::BlockExportIothreads many(const Names &ids) {
    qapi::BlockExportIothreads iothreads;
    iothreads.u = ids;
    return iothreads;
}

Names ids_of(const ExportRegistry &registry) {
    Names ids;
    for (const auto &found : registry.exports())
        ids.push_back(found->id());
    return ids;
}

/// Begin; `result` comes when it has ended.
void start_server_at(const std::string &host, ExportFixture &fixture, std::optional<Result<void>> &result) {
    NbdServerSetup setup;
    setup.address.u.emplace<0>() = {{host, "0"}};
    auto starting = fixture.exports.start_nbd_server(setup, nullptr);
    boost::asio::co_spawn(fixture.io, std::move(starting),
                          [&result](const std::exception_ptr &, Result<void> ended) { result = ended; });
    fixture.step();
}

} // namespace

TEST_CASE("ExportRegistry: an export holds its IOThread for as long as it lives", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    auto options = fixture.options();
    options.iothread = one("io0");
    REQUIRE(fixture.add(options) == "");
    CHECK(fixture.io0().holders() == std::vector{Holder::block_export("e0")});
    CHECK(fixture.exports.find("e0")->iothread_ids() == Names{"io0"});
    CHECK(fixture.io0().prepare_delete().has_error());

    REQUIRE(fixture.del("e0", Mode::safe) == "");
    CHECK(fixture.io0().holders().empty());
    CHECK(fixture.events.names ==
          Names{"IOTHREAD_HOLDER_ADDED", "IOTHREAD_HOLDER_REMOVED", "BLOCK_EXPORT_DELETED e0", "reply e0"});
    CHECK(fixture.exports.exports().empty());
    CHECK(fixture.add(options) == "");
}

TEST_CASE("ExportRegistry: while the server starts, it cannot be started again", "[export]") {
    NameGate gate;
    ExportFixture fixture;
    std::optional<Result<void>> first, second;
    start_server_at("slow.invalid", fixture, first);
    CHECK_FALSE(first);
    start_server_at("slow.invalid", fixture, second);
    REQUIRE(second);
    CHECK(second->error().desc == "NBD server already running");
    CHECK(fixture.exports.stop_nbd_server(nullptr).error().desc == "NBD server not running");
    CHECK_FALSE(first);
    gate.open();
    REQUIRE(fixture.wait_until([&] { return first.has_value(); }));
    CHECK(first->error().desc == "address resolution failed for slow.invalid:0: Name or service not known");
    fixture.start_server();
}

TEST_CASE("ExportRegistry: a server whose address is found when the daemon ends does not start", "[export]") {
    NameGate gate;
    std::optional<Result<void>> result;
    ExportFixture fixture;
    start_server_at("slow", fixture, result);
    REQUIRE_FALSE(result);
    fixture.exports.shutdown([] {});
    gate.open();
    REQUIRE(fixture.wait_until([&] { return result.has_value(); }));
    CHECK(result->error().desc == "The program is ending");
    CHECK(fixture.exports.nbd_server() == nullptr);
}

TEST_CASE("ExportRegistry: with a list each IOThread is held once", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    auto options = fixture.options();
    options.iothread = many({"io1", "io0"});
    REQUIRE(fixture.add(options) == "");
    CHECK(fixture.io0().holders().size() == 1);
    CHECK(fixture.io1().holders().size() == 1);
    CHECK(fixture.exports.find("e0")->iothread_ids() == Names{"io1", "io0"});
}

TEST_CASE("ExportRegistry: exports are listed newest first", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    fixture.add_node("f1", true);
    REQUIRE(fixture.add(fixture.options("e0", "f0")) == "");
    REQUIRE(fixture.add(fixture.options("e1", "f1")) == "");
    CHECK(ids_of(fixture.exports) == Names{"e1", "e0"});
    CHECK(fixture.exports.find("e0")->iothread_ids().empty());
}

TEST_CASE("ExportRegistry: what is refused leaves nothing behind", "[export]") {
    ExportFixture fixture;
    fixture.add_node("ro", true);
    auto options = fixture.options();
    CHECK(fixture.add(options) == "NBD server not running");
    fixture.start_server();

    options.id = "0bad";
    CHECK(fixture.add(options) == "Invalid block export id");
    options = fixture.options("e1", "nope");
    CHECK(fixture.add(options) == "Cannot find device='' nor node-name='nope'");
    options = fixture.options("e1", "ro");
    options.writable = true;
    CHECK(fixture.add(options) == "Cannot export read-only node as writable");
    options = fixture.options("e1");
    options.iothread = one("nope");
    CHECK(fixture.add(options) == "iothread \"nope\" not found");
    options.iothread = many({"io0", "nope"});
    CHECK(fixture.add(options) == "iothread \"nope\" not found");
    options.iothread = many({"io0", "io0"});
    CHECK(fixture.add(options) == "duplicate iothread \"io0\"");
    options.iothread = many({});
    CHECK(fixture.add(options) == "The set of I/O threads must not be empty");
    options.iothread = many({"io0"});
    options.fixed_iothread = true;
    CHECK(fixture.add(options) == "Cannot use fixed-iothread for a multi-threaded export");

    const std::string longest(4096, 'n');
    options = fixture.options("e1");
    options.iothread = one("io0");
    std::get<0>(options.u).name = longest + "n";
    CHECK(fixture.add(options) == "export name '" + longest + "n' too long");
    std::get<0>(options.u).name = "";
    std::get<0>(options.u).description = longest + "n";
    CHECK(fixture.add(options) == "description '" + longest + "n' too long");
    CHECK(fixture.exports.exports().empty());
    CHECK(fixture.events.names.empty());
    CHECK(!fixture.graph.find("f0")->has_users());

    std::get<0>(options.u).description = longest;
    CHECK(fixture.add(options) == "");
    CHECK(fixture.add(options) == "Block export id 'e1' is already in use");
    options.id = "e2";
    CHECK(fixture.add(options) == "NBD server already has export named ''");
    CHECK(ids_of(fixture.exports) == Names{"e1"});
    CHECK(fixture.io0().holders().size() == 1);
}

TEST_CASE("ExportRegistry: safe removal refuses while clients are connected, hard cuts them off",
          "[export]") {
    ExportFixture fixture{GENERATE(FdMonitorKind::io_uring, FdMonitorKind::epoll)};
    fixture.start_server();
    auto options = fixture.options();
    options.iothread = one("io0");
    REQUIRE(fixture.add(options) == "");
    fixture.events.names.clear();
    CHECK(fixture.del("nope", Mode::safe) == "Export 'nope' is not found");

    NbdClient client = fixture.client();
    CHECK(fixture.serves(client));
    CHECK(fixture.del("e0", Mode::safe) == "export 'e0' still in use");
    CHECK(fixture.serves(client));

    SECTION("hard") {
        REQUIRE(fixture.del("e0", Mode::hard) == "");
        CHECK(fixture.exports.find("e0")->shutting_down());
        CHECK(fixture.del("e0", Mode::hard) == "Export 'e0' is already shutting down");
        CHECK(client.hung_up());
    }
    SECTION("safe, after the client has gone") {
        client.close();
        REQUIRE(fixture.wait_until([&] { return fixture.exports.find("e0")->connections() == 0; }));
        REQUIRE(fixture.del("e0", Mode::safe) == "");
    }
    CHECK(fixture.wait_until([&] { return !fixture.exports.find("e0"); }));
    CHECK(fixture.events.names == Names{"IOTHREAD_HOLDER_REMOVED", "BLOCK_EXPORT_DELETED e0", "reply e0"});
}

TEST_CASE("ExportRegistry: the name of an export that goes is free at once", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    REQUIRE(fixture.add(fixture.options("e0")) == "");
    NbdClient client = fixture.client();
    REQUIRE(fixture.del("e0", Mode::hard) == "");
    CHECK(fixture.add(fixture.options("e1")) == "");
    CHECK(client.hung_up());
    CHECK(fixture.wait_until([&] { return !fixture.exports.find("e0"); }));
    NbdClient next = fixture.client();
    CHECK(fixture.serves(next));
}

TEST_CASE("ExportRegistry: connections take turns over the IOThreads", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    auto options = fixture.options();
    options.iothread = many({"io0", "io1"});
    REQUIRE(fixture.add(options) == "");
    const HolderToken io0 = fixture.io0().hold(Holder::qom_object("test"));
    const HolderToken io1 = fixture.io1().hold(Holder::qom_object("test"));
    NbdClient first = fixture.client();
    NbdClient second = fixture.client();
    REQUIRE(fixture.serves(first));
    REQUIRE(fixture.serves(second));
    const auto before = io0.context().stats().passes;
    for (int i = 0; i < 50; ++i)
        REQUIRE(fixture.serves(first));
    CHECK(io0.context().stats().passes >= before + 50);
    const auto between = io1.context().stats().passes;
    for (int i = 0; i < 50; ++i)
        REQUIRE(fixture.serves(second));
    CHECK(io1.context().stats().passes >= between + 50);
}

TEST_CASE("ExportRegistry: an export without an IOThread follows its node", "[export]") {
    ExportFixture fixture{GENERATE(FdMonitorKind::io_uring, FdMonitorKind::epoll)};
    fixture.start_server();
    fixture.add_node("slow", false, 5'000'000);
    REQUIRE(fixture.add(fixture.options("e0", "slow")) == "");
    NbdClient client = fixture.client("slow");
    REQUIRE(fixture.serves(client));
    BlockNode &node = *fixture.graph.find("slow");

    for (IOThread *const target : {&fixture.io0(), &fixture.io1()}) {
        // With a request in flight, and one that arrives in between.
        REQUIRE(client.send_hex(request_hex(nbd::NBD_CMD_FLUSH, 7, 0, 0)));
        bool moved = false;
        node.move_home(target->hold(Holder::block_node("slow")), [&] { moved = true; });
        REQUIRE(client.send_hex(request_hex(nbd::NBD_CMD_FLUSH, 8, 0, 0)));
        REQUIRE(fixture.wait_until([&] { return moved; }));
        CHECK(client.receive_hex(32) == simple_reply_hex(7) + simple_reply_hex(8));
        CHECK(fixture.exports.find("e0")->iothread_ids() == Names{target->id()});
        CHECK(target->holders() == std::vector{Holder::block_export("e0"), Holder::block_node("slow")});
        CHECK(fixture.serves(client));
    }
    CHECK(fixture.io0().holders().empty());

    SECTION("removed while it moves") {
        bool moved = false;
        REQUIRE(client.send_hex(request_hex(nbd::NBD_CMD_FLUSH, 9, 0, 0)));
        node.move_home(fixture.io0().hold(Holder::block_node("slow")), [&] { moved = true; });
        REQUIRE(fixture.del("e0", Mode::hard) == "");
        CHECK(fixture.wait_until([&] { return moved && !fixture.exports.find("e0"); }));
        CHECK(fixture.io0().holders() == std::vector{Holder::block_node("slow")});
    }
    bool home = false;
    node.move_home(fixture.pool.hold_main(Holder::block_node("slow")), [&] { home = true; });
    CHECK(fixture.wait_until([&] { return home; }));
}

TEST_CASE("ExportRegistry: an export with an IOThread of its own stays there", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    auto options = fixture.options();
    options.iothread = one("io0");
    REQUIRE(fixture.add(options) == "");
    NbdClient client = fixture.client();
    BlockNode &node = *fixture.graph.find("f0");
    bool moved = false;
    node.move_home(fixture.io1().hold(Holder::block_node("f0")), [&] { moved = true; });
    CHECK(fixture.wait_until([&] { return moved; }));
    CHECK(fixture.exports.find("e0")->iothread_ids() == Names{"io0"});
    CHECK(fixture.io1().holders() == std::vector{Holder::block_node("f0")});
    CHECK(fixture.serves(client));
    bool home = false;
    node.move_home(fixture.pool.hold_main(Holder::block_node("f0")), [&] { home = true; });
    CHECK(fixture.wait_until([&] { return home; }));
}

TEST_CASE("ExportRegistry: fixed-iothread keeps the node where it is", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    auto options = fixture.options();
    options.fixed_iothread = true;
    REQUIRE(fixture.add(options) == "");
    CHECK(fixture.graph.find("f0")->home_is_fixed());
}
