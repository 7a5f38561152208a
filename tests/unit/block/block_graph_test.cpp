// SPDX-License-Identifier: Apache-2.0
#include "qapi/block_core_codec.hpp"
#include "tests/unit/block/qmp_test.hpp"

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

qapi::BlockdevOptions file_options(const std::string &name, const std::string &path) {
    qapi::BlockdevOptions options;
    options.node_name = name;
    options.u.emplace<0>().filename = path;
    return options;
}

} // namespace

TEST_CASE("blockdev-add: refuses bad and taken names", "[block][graph]") {
    Qmp qmp;
    qapi::BlockdevOptions nameless;
    nameless.u.emplace<1>();
    CHECK(qmp.add(nameless) == "'node-name' must be specified for the root node");
    for (const std::string name : {"", "1bad", "#block001", "a b", "a\xc3\xa4", ".a", "-a", "_a", "a/b"})
        CHECK(qmp.add(qmp.null_options(name)) == "Invalid node-name: '" + name + "'");
    const std::string longest(31, 'a');
    CHECK(qmp.add(qmp.null_options(longest + 'a')) == "Node name too long");
    CHECK(qmp.graph.nodes().empty());

    CHECK(qmp.add(qmp.null_options(longest)) == "");
    CHECK(qmp.add(qmp.null_options("A-1._z")) == "");
    CHECK(qmp.add(qmp.null_options("A-1._z")) == "Duplicate nodes with node-name='A-1._z'");
    CHECK(qmp.graph.nodes().size() == 2);
}

TEST_CASE("blockdev-add: a driver's refusal leaves nothing behind", "[block][graph]") {
    Qmp qmp;
    TempDir dir;
    CHECK(qmp.add(file_options("f0", dir.file("nope"))) ==
          "Could not open '" + dir.file("nope") + "': No such file or directory");
    CHECK(qmp.graph.find("f0") == nullptr);
    write_file(dir.file("nope"), "x");
    CHECK(qmp.add(file_options("f0", dir.file("nope"))) == "");
}

TEST_CASE("blockdev-add: hands the options on to the file driver", "[block][graph]") {
    Qmp qmp;
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(65536));
    qapi::BlockdevOptions options = file_options("f0", path);
    options.read_only = GENERATE(false, true);
    options.cache = qapi::BlockdevCacheOptions{.direct = true, .no_flush = true};
    options.discard = qapi::BlockdevDiscardOptions::unmap;
    std::get<0>(options.u).aio =
        GENERATE(qapi::BlockdevAioOptions::io_uring, qapi::BlockdevAioOptions::threads);
    std::get<0>(options.u).locking = qapi::OnOffAuto::on;
    if (std::get<0>(options.u).aio == qapi::BlockdevAioOptions::io_uring && !qmp.context->has_ring()) {
        CHECK(qmp.add(options) ==
              "aio=io_uring was specified, but is not available (disabled via io_uring_disabled sysctl or "
              "blocked by container runtime seccomp policy?)");
        return;
    }
    REQUIRE(qmp.add(options) == "");
    BlockNode &node = *qmp.graph.find("f0");
    CHECK(node.read_only() == *options.read_only);
    CHECK(node.info().cache_direct);
    CHECK(node.info().cache_no_flush);
    CHECK(node.request_alignment() >= 512);
    CHECK(Loop::run(node, BlockOp::discard, 0, 65536) == (*options.read_only ? -EPERM : 0));
    CHECK(node.allocated_bytes() == (*options.read_only ? 65536 : 0));
}

TEST_CASE("blockdev-del: refuses unknown nodes and nodes in use", "[block][graph]") {
    Qmp qmp;
    CHECK(qmp.del("nope") == "Failed to find node with node-name='nope'");
    BlockNode &node = qmp.add_null("f0");
    TestUser user;
    REQUIRE(node.attach(user));
    CHECK(qmp.del("f0") == "Node f0 is in use");
    CHECK(qmp.graph.find("f0") == &node);
    node.detach(user);
    CHECK(qmp.del("f0") == "");
    CHECK(qmp.graph.find("f0") == nullptr);
    CHECK(qmp.del("f0") == "Failed to find node with node-name='f0'");
}

TEST_CASE("query-named-block-nodes: newest first, with true values", "[block][graph]") {
    Qmp qmp;
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(4096));
    std::filesystem::resize_file(path, 100'000);
    qapi::BlockdevOptions options = file_options("f0", path);
    options.read_only = true;
    REQUIRE(qmp.add(options) == "");
    qmp.add_null("n0");

    const auto devices = qmp_query_named_block_nodes(qmp.qmp, {});
    REQUIRE(devices);
    REQUIRE(devices->size() == 2);
    CHECK(devices->at(0).node_name == "n0");
    CHECK(qapi::encode(devices->at(1)) ==
          Json::parse(R"({
        "node-name": "f0", "drv": "file", "file": ")" +
                      path + R"(", "ro": true, "encrypted": false, "active": true,
        "backing_file_depth": 0, "detect_zeroes": "off", "write_threshold": 0,
        "bps": 0, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0,
        "cache": {"writeback": true, "direct": false, "no-flush": false}, "children": [],
        "image": {"filename": ")" +
                      path + R"(", "format": "file", "virtual-size": 100352, "actual-size": 4096,
                  "dirty-flag": false,
                  "limits": {"request-alignment": 1, "min-mem-alignment": 1, "opt-mem-alignment": 4096, "max-iov": 1024},
                  "format-specific": {"type": "file", "data": {}}}})"));
    const Json null_node = qapi::encode(devices->at(0));
    CHECK(null_node.at("image").at("virtual-size") == 1 << 30);
    CHECK(null_node.at("image").at("actual-size") == 0);
    CHECK(null_node.at("file") == "null-co://");
    CHECK_FALSE(null_node.at("image").contains("format-specific"));
}
