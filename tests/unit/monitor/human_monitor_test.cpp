// SPDX-License-Identifier: Apache-2.0
//
// The query commands that the human monitor shows are played by this file; the exports refuse when told so.
#include "daemon/monitor/human_monitor.hpp"
#include "tests/unit/monitor/test_context.hpp"
#include "tests/unit/qom/test_objects.hpp"

#include "qapi/block_core_codec.hpp"
#include "qapi/block_core_commands.hpp"
#include "qapi/block_export_codec.hpp"
#include "qapi/block_export_commands.hpp"
#include "qapi/char_codec.hpp"
#include "qapi/char_commands.hpp"
#include "qapi/control_commands.hpp"
#include "qapi/iothread_codec.hpp"
#include "qapi/iothread_commands.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

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

template <class T>
Json encode_list(const std::vector<T> &list) {
    Json encoded = Json::array();
    for (const T &one : list)
        encoded.push_back(qapi::encode(one));
    return encoded;
}

using Words = std::vector<std::string>;

Words complete(const QmpContext &context, std::string_view line) {
    return complete_human_command(context, line).words;
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
         .poll_policy = qapi::IOThreadPollPolicy::predictive,
         .poll_latency_weight = 6,
         .aio_max_batch = 5,
         .holders = {export_holder("e1"), node_holder("n0"), object_holder("/objects/m0")}},
        {.id = "io1", .thread_id = 4712}};
}

Result<std::vector<qapi::IOThreadStats>> qmp_query_iothread_stats(QmpContext &) {
    std::vector<qapi::IOThreadStats> stats(2);
    stats[0].id = "io0";
    stats[0].polling.hits = 7;
    stats[0].gap_histogram = {0, 3};
    stats[1].id = "io1";
    stats[1].fallback_reason = "no ring";
    return stats;
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

Result<qapi::NbdServerInfo> qmp_query_nbd_server(QmpContext &) {
    qapi::SocketAddress address;
    address.u.emplace<qapi::Case<qapi::SocketAddressType::unix_, qapi::UnixSocketAddress>>().path =
        "nbd.sock";
    return qapi::NbdServerInfo{
        .running = true, .addresses = {address}, .connections = 3, .max_connections = 100};
}

Result<std::vector<qapi::ChardevInfo>> qmp_query_chardev(QmpContext &) {
    return std::vector<qapi::ChardevInfo>{
        {.label = "c", .filename = "unix:q.sock,server=on", .frontend_open = true}};
}

} // namespace iothreadd

TEST_CASE("info nbd-server: shows where it listens", "[monitor]") {
    CHECK(run("info nbd-server") == "  addresses.0.path=nbd.sock\n"
                                    "  addresses.0.type=unix\n"
                                    "  connections=3\n"
                                    "  max-connections=100\n"
                                    "  running=true\n");
}

TEST_CASE("info chardev: shows the character devices", "[monitor]") {
    CHECK(run("info chardev") == "c: filename=unix:q.sock,server=on frontend-open=true\n");
}

TEST_CASE("info: shows every member that the query command tells", "[monitor]") {
    TestContext context;
    const auto check = [](const std::string &command, const Json &answer) {
        const std::string text = run(command);
        for (const Json &one : answer.is_array() ? answer : Json::array({answer}))
            for (const auto &member : one.items()) {
                INFO(command << " shows " << member.key() << ":\n" << text);
                const bool is_list = member.value().is_array() && !member.value().empty() &&
                                     member.value().front().is_object();
                const bool is_tree = member.value().is_object() || is_list;
                const bool is_name = member.value().is_string() &&
                                     text.find(member.value().get<std::string>() + ":") != std::string::npos;
                const bool is_thread_id = member.key() == "thread-id";
                const bool is_holders = member.key() == "holders";
                const std::string shown =
                    is_thread_id ? "thread_id=" : member.key() + (is_tree && !is_holders ? "." : "=");
                CHECK((is_name || text.find(shown) != std::string::npos));
            }
    };
    check("info iothreads", encode_list(qmp_query_iothreads(context.context).value()));
    check("info block", encode_list(qmp_query_named_block_nodes(context.context, {}).value()));
    check("info block-exports", encode_list(qmp_query_block_exports(context.context).value()));
    check("info nbd-server", qapi::encode(qmp_query_nbd_server(context.context).value()));
    check("info chardev", encode_list(qmp_query_chardev(context.context).value()));
}

TEST_CASE("info version: names the QEMU release we match, and us", "[monitor]") {
    CHECK(run("info version") == "11.1.1 (iothreadd " IOTHREADD_VERSION ")\n");
}

TEST_CASE("quit: ends the program from the human monitor, too", "[monitor]") {
    for (const char *line : {"quit", "q"}) {
        TestContext context;
        CHECK(run_human_command(context.context, line).empty());
        CHECK(context.reasons == std::vector<std::string>{"host-qmp-quit"});
    }
}

TEST_CASE("qom-list, qom-get, qom-set, object_add, object_del: say what is wrong", "[monitor]") {
    CHECK(run("qom-list") == "type (string)\nobjects (child<container>)\n");
    CHECK(run("qom-list /nope") == "Error: Device '/nope' not found\n");
    CHECK(run("qom-get /objects type") == "\"container\"\n");
    CHECK(run("qom-get /objects nope") == "Error: Property 'container.nope' not found\n");
    CHECK(run("qom-get /objects") == "qom-get: an argument is missing\n"
                                     "Try \"help qom-get\" for more information\n");
    CHECK(run("qom-set /objects type x") == "Error: Property 'container.type' is not writable\n");
    CHECK(run("qom-set /nope type x") == "Error: Device '/nope' not found\n");
    CHECK(run("object_add bogus,id=x") == "Error: Parameter 'qom-type' does not accept value 'bogus'\n");
    CHECK(run("object_add iothread") == "Error: Parameter 'id' is missing\n");
    CHECK(run("object_add iothread,id") == "Error: Expected '=' after parameter 'id'\n");
    CHECK(run("object_del nope") == "Error: object 'nope' not found\n");
}

TEST_CASE("object_add: lists types and their properties, as --object does", "[monitor]") {
    const OptionInfo &option = option_table()[0];
    REQUIRE(option.name == "object");
    const std::string types = option_help(option, "");
    CHECK(types == "List of user creatable objects:\n  iothread\n  monitor-hmp\n  monitor-qmp\n");
    for (const char *line : {"object_add help", "object_add ?", "object_add nope,help"})
        CHECK(run(line) == types);
    CHECK(run("object_add monitor-hmp,help")
              .starts_with("monitor-hmp options:\n  chardev=<str> (required) - "));
    CHECK(run("object_add iothread,id=x,help") == option_help(option, "iothread"));
    CHECK(run("object_add qom-type=iothread,help") == option_help(option, "iothread"));
}

TEST_CASE("complete_human_command: offers commands", "[monitor]") {
    TestContext context;
    CHECK(complete(context.context, "") ==
          Words{"help", "info", "object_add", "object_del", "qom-get", "qom-list", "qom-set", "quit"});
    CHECK(complete(context.context, "he") == complete(context.context, ""));
    CHECK(complete(context.context, "help ") == complete(context.context, ""));
    CHECK(complete(context.context, "info fd") == complete(context.context, "help info "));
    CHECK(complete(context.context, "help object_add ").empty());
    CHECK(complete(context.context, "quit ").empty());
    CHECK(complete(context.context, "nonsense ").empty());
}

TEST_CASE("complete_human_command: offers types, ids, paths and properties", "[monitor]") {
    TestContext test;
    const QmpContext &context = test.context;
    register_lamp(context.tree);
    CHECK(complete(context, "object_del ").empty());
    REQUIRE(create_lamp(context.tree, "l0").has_value());
    REQUIRE(create_lamp(context.tree, "l1").has_value());
    CHECK(complete(context, "object_add io") == Words{"iothread", "monitor-hmp", "monitor-qmp"});
    CHECK(complete_human_command(context, "object_add ").word_goes_on);
    CHECK(complete(context, "object_add iothread,id=x ").empty());
    CHECK(complete(context, "object_del ") == Words{"l0", "l1"});
    CHECK_FALSE(complete_human_command(context, "object_del ").word_goes_on);
    CHECK(complete(context, "object_del l0 ").empty());
    const Words paths{"/", "/objects", "/objects/l0", "/objects/l1"};
    for (const char *line : {"qom-list ", "qom-list /o", "qom-get ", "qom-set  /"})
        CHECK(complete(context, line) == paths);
    CHECK(complete(context, "qom-list / ").empty());
    CHECK(complete(context, "qom-get /objects/l0 ") ==
          Words{"type", "legs", "power"}); // `switch` is write-only
    CHECK(complete(context, "qom-get l0 p") == Words{"type", "legs", "power"});
    CHECK(complete(context, "qom-get / ") == Words{"type", "objects"});
    CHECK(complete(context, "qom-set l1 ") == Words{"power", "switch"});
    CHECK(complete(context, "qom-get /nope ").empty());
    CHECK(complete(context, "qom-get l0 power ").empty());
    CHECK(complete(context, "qom-set l0 power ").empty());
}

TEST_CASE("info fdsets: shows the descriptors that clients sent", "[monitor]") {
    TestContext context;
    CHECK(run_human_command(context.context, "info fdsets").empty());
    const auto place = context.context.fds.add(7, UniqueFd{::dup(0)}, "rw:disk.img");
    REQUIRE(place.has_value());
    CHECK(run_human_command(context.context, "info fdsets") ==
          fmt::format("7:\n  fds.0.fd={}\n  fds.0.opaque=rw:disk.img\n", place->fd));
}

TEST_CASE("info iothreads: shows threads and holders", "[monitor]") {
    CHECK(run("info iothreads") == "io0:\n"
                                   "  thread_id=4711\n"
                                   "  holders=[block-export: e1] [block-node: n0] [qom-path: /objects/m0]\n"
                                   "  poll-max-ns=32768\n"
                                   "  poll-grow=2\n"
                                   "  poll-shrink=3\n"
                                   "  poll-weight=4\n"
                                   "  poll-policy=predictive\n"
                                   "  poll-latency-weight=6\n"
                                   "  aio-max-batch=5\n"
                                   "io1:\n"
                                   "  thread_id=4712\n"
                                   "  holders=\n"
                                   "  poll-max-ns=0\n"
                                   "  poll-grow=0\n"
                                   "  poll-shrink=0\n"
                                   "  poll-weight=0\n"
                                   "  poll-policy=weighted\n"
                                   "  poll-latency-weight=0\n"
                                   "  aio-max-batch=0\n");
}

TEST_CASE("info iothreads -v: shows what they did so far", "[monitor]") {
    const std::string text = run("info iothreads -v");
    CHECK(text.find("  polling.hits=7\n") < text.find("io1:\n"));
    CHECK(text.find("  gap-histogram=0 3\n") < text.find("io1:\n"));
    CHECK(text.find("  fallback-reason=no ring\n") != std::string::npos);
    CHECK(run("info iothreads -x") == "Error: unsupported option '-x'\n");
}

TEST_CASE("info block: shows the nodes", "[monitor]") {
    const std::string text = run("info block");
    CHECK(text.starts_with("n1: disk.img (file, read-only)\n"));
    CHECK(text.find("  cache.direct=true\n") != std::string::npos);
    CHECK(text.find("\nn0: null-co:// (null-co)\n") != std::string::npos);
}

TEST_CASE("info block-exports: shows the exports", "[monitor]") {
    CHECK(run("  info\tblock-exports ") == "e0:\n"
                                           "  connections=3\n"
                                           "  iothreads=io0 io1\n"
                                           "  node-name=n0\n"
                                           "  shutting-down=false\n"
                                           "  type=nbd\n"
                                           "e1:\n"
                                           "  node-name=n1\n"
                                           "  shutting-down=true\n"
                                           "  type=nbd\n");
    refuse_exports = true;
    CHECK(run("info block-exports") == "Error: no exports today\n");
    refuse_exports = false;
}

TEST_CASE("help: lists all commands, one, or a group", "[monitor]") {
    CHECK(run("help") ==
          "help [cmd] -- show the help\n"
          "info [subcommand] -- show various information about the system state\n"
          "info block  -- show the block nodes\n"
          "info block-exports  -- show the block exports\n"
          "info chardev  -- show the character devices\n"
          "info clients  -- show the clients of all monitors\n"
          "info fdsets  -- show the fd sets\n"
          "info iothreads [-v] -- show the IOThreads and their holders (-v: and what they did so "
          "far)\n"
          "info nbd-server  -- show where the NBD server listens\n"
          "info version  -- show the version\n"
          "object_add [qom-type=]type,id=str[,prop=value][,...] -- create an object; "
          "'object_add help' lists the types, 'object_add type,help' the properties\n"
          "object_del id -- delete an object\n"
          "qom-get path property -- show a property of an object\n"
          "qom-list [path] -- list the properties of an object\n"
          "qom-set path property value -- change a property of an object\n"
          "quit  -- end the program\n");
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
    CHECK(run("info iothreads -v x") == "iothreads: extraneous characters at the end of line\n"
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
