// SPDX-License-Identifier: Apache-2.0
//
// The query commands that the human monitor shows are played by this file; the exports refuse when told so.
#include "daemon/monitor/human_monitor.hpp"
#include "tests/unit/monitor/test_context.hpp"

#include "qapi/block_core_commands.hpp"
#include "qapi/block_export_commands.hpp"
#include "qapi/control_commands.hpp"
#include "qapi/iothread_commands.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

using Kind = qapi::IOThreadHolderKind;

bool refuse_exports = false;

qapi::IOThreadHolder export_holder(const std::string &id) {
    qapi::Case<Kind::block_export, qapi::IOThreadHolderBlockExport> holder;
    holder.export_name = id;
    return {.u = holder};
}

qapi::IOThreadHolder node_holder(const std::string &name) {
    qapi::Case<Kind::block_node, qapi::IOThreadHolderBlockNode> holder;
    holder.node_name = name;
    return {.u = holder};
}

qapi::IOThreadHolder object_holder(const std::string &path) {
    qapi::Case<Kind::qom_object, qapi::IOThreadHolderQomObject> holder;
    holder.qom_path = path;
    return {.u = holder};
}

std::string run(const std::string &line) {
    TestContext context;
    return run_human_command(context.context, line);
}

} // namespace

namespace iothreadd {

Result<std::vector<qapi::IOThreadInfo>> qmp_query_iothreads(QmpContext &) {
    return std::vector<qapi::IOThreadInfo>{
        {.id = "io0",
         .thread_id = 4711,
         .poll_max_ns = 32768,
         .poll_grow = 2,
         .poll_shrink = 3,
         .poll_weight = 4,
         .aio_max_batch = 5,
         .holders = {export_holder("e1"), node_holder("n0"), object_holder("/objects/m0")}},
        {.id = "io1", .thread_id = 4712}};
}

Result<std::vector<qapi::BlockDeviceInfo>>
qmp_query_named_block_nodes(QmpContext &, const qapi::QueryNamedBlockNodesArgs &) {
    std::vector<qapi::BlockDeviceInfo> nodes(2);
    nodes[0].node_name = "n1";
    nodes[0].file = "disk.img";
    nodes[0].drv = "file";
    nodes[0].ro = true;
    nodes[0].cache = {.writeback = true, .direct = true, .no_flush = true};
    nodes[1].node_name = "n0";
    nodes[1].file = "null-co://";
    nodes[1].drv = "null-co";
    nodes[1].cache.writeback = true;
    return nodes;
}

Result<std::vector<qapi::BlockExportInfo>> qmp_query_block_exports(QmpContext &) {
    if (refuse_exports)
        return generic_error("no exports today");
    return std::vector<qapi::BlockExportInfo>{{.id = "e0",
                                               .node_name = "n0",
                                               .iothreads = std::vector<std::string>{"io0", "io1"},
                                               .connections = 3},
                                              {.id = "e1", .node_name = "n1", .shutting_down = true}};
}

} // namespace iothreadd

TEST_CASE("info iothreads: shows threads and holders", "[monitor]") {
    CHECK(run("info iothreads") == "io0:\n"
                                   "  thread_id=4711\n"
                                   "  holders=[block-export: e1] [block-node: n0] [qom-path: /objects/m0]\n"
                                   "  poll-max-ns=32768\n"
                                   "  poll-grow=2\n"
                                   "  poll-shrink=3\n"
                                   "  poll-weight=4\n"
                                   "  aio-max-batch=5\n"
                                   "io1:\n"
                                   "  thread_id=4712\n"
                                   "  holders=\n"
                                   "  poll-max-ns=0\n"
                                   "  poll-grow=0\n"
                                   "  poll-shrink=0\n"
                                   "  poll-weight=0\n"
                                   "  aio-max-batch=0\n");
}

TEST_CASE("info block: shows the nodes", "[monitor]") {
    CHECK(run("info block") == "n1: disk.img (file, read-only)\n"
                               "    Cache mode:       writeback, direct, ignore flushes\n"
                               "\n"
                               "n0: null-co:// (null-co)\n"
                               "    Cache mode:       writeback\n");
}

TEST_CASE("info block-exports: shows the exports", "[monitor]") {
    CHECK(run("  info\tblock-exports ") == "e0:\n"
                                           "  type=nbd\n"
                                           "  node-name=n0\n"
                                           "  shutting-down=false\n"
                                           "  iothreads=io0 io1\n"
                                           "  connections=3\n"
                                           "e1:\n"
                                           "  type=nbd\n"
                                           "  node-name=n1\n"
                                           "  shutting-down=true\n");
    refuse_exports = true;
    CHECK(run("info block-exports") == "Error: no exports today\n");
    refuse_exports = false;
}

TEST_CASE("help: lists all commands, one, or a group", "[monitor]") {
    CHECK(run("help") == "help [cmd] -- show the help\n"
                         "info [subcommand] -- show various information about the system state\n"
                         "info block  -- show the block nodes\n"
                         "info block-exports  -- show the block exports\n"
                         "info iothreads  -- show the IOThreads and their holders\n");
    CHECK(run("?") == run("help"));
    CHECK(run("help help") == "help [cmd] -- show the help\n");
    CHECK(run("help info block") == "info block  -- show the block nodes\n");
    CHECK(run("info") == run("help info"));
    CHECK(run("help info").size() > run("help info block").size());
    CHECK(run("help foo") == "unknown command: 'foo'\n");
}

TEST_CASE("human monitor: says what it does not know", "[monitor]") {
    CHECK(run("foo bar") == "unknown command: 'foo'\n");
    CHECK(run("info foo") == "unknown command: 'info foo'\n");
    CHECK(run("info iothreads x") == "iothreads: extraneous characters at the end of line\n"
                                     "Try \"help info iothreads\" for more information\n");
    CHECK(run("").empty());
    CHECK(run(" \n").empty());
}

TEST_CASE("human-monitor-command: ends lines with CR LF", "[monitor]") {
    TestContext context;
    auto text = qmp_human_monitor_command(context.context, {.command_line = "foo"});
    REQUIRE(text.has_value());
    CHECK(*text == "unknown command: 'foo'\r\n");
}
