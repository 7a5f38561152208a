// SPDX-License-Identifier: Apache-2.0
//
// Our own schema: the wire forms that clients rely on, and an introspection that describes itself.
#include "daemon/monitor/event_limits.hpp"
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/json_writer.hpp"
#include "qapi/block_core_codec.hpp"
#include "qapi/block_export_codec.hpp"
#include "qapi/control_codec.hpp"
#include "qapi/introspect_codec.hpp"
#include "qapi/introspection.hpp"
#include "qapi/iothread_codec.hpp"
#include "qapi/options.hpp"
#include "qapi/qom_codec.hpp"
#include "qapi/sockets_codec.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace iothreadd;
using namespace iothreadd::qapi;

namespace {

template <class T>
std::string verdict(const char *text) {
    const auto result = decode_as<T>(Json::parse(text));
    return result.has_error() ? result.error().desc : "ok";
}

struct Row {
    const char *text;
    const char *verdict;
};

} // namespace

TEST_CASE("schema: object-add checks in the order of its members", "[qapi][schema]") {
    const auto row = GENERATE(values<Row>({
        {R"({"qom-type": "iothread", "id": "io0"})", "ok"},
        {R"({})", "Parameter 'qom-type' is missing"},
        {R"({"qom-type": "nope", "id": "io0"})", "Parameter 'qom-type' does not accept value 'nope'"},
        {R"({"qom-type": "iothread"})", "Parameter 'id' is missing"},
        {R"({"qom-type": "iothread", "id": "io0", "poll-max-ns": "5"})",
         "Invalid parameter type for 'poll-max-ns', expected: integer"},
        {R"({"qom-type": "iothread", "id": "io0", "aio-max-batch": 1.0, "poll-max-ns": "5"})",
         "Invalid parameter type for 'aio-max-batch', expected: integer"},
        {R"({"qom-type": "iothread", "id": "io0", "poll_max_ns": 5})",
         "Parameter 'poll_max_ns' is unexpected"},
        {R"({"qom-type": "iothread", "id": "io0", "props": {}})", "Parameter 'props' is unexpected"},
        {R"({"qom-type": "iothread", "id": "io0", "fd-monitor": "poll"})",
         "Parameter 'fd-monitor' does not accept value 'poll'"},
    }));
    CHECK(verdict<ObjectOptions>(row.text) == row.verdict);
}

TEST_CASE("schema: capabilities that do not exist are refused as QEMU does", "[qapi][schema]") {
    const auto row = GENERATE(values<Row>({
        {R"({})", "ok"},
        {R"({"enable": []})", "ok"},
        {R"({"enable": ["oob", "oob"]})", "ok"},
        {R"({"enable": ["oob", "foo"]})", "Parameter 'null' does not accept value 'foo'"},
        {R"({"enable": "oob"})", "Invalid parameter type for 'enable', expected: array"},
        {R"({"enable": null})", "Invalid parameter type for 'enable', expected: array"},
        {R"({"enable": [1]})", "Invalid parameter type for 'enable[0]', expected: string"},
        {R"({"x": 1})", "Parameter 'x' is unexpected"},
    }));
    CHECK(verdict<QmpCapabilitiesArgs>(row.text) == row.verdict);
}

TEST_CASE("schema: block commands take QEMU's arguments", "[qapi][schema]") {
    CHECK(verdict<BlockdevOptions>(R"({"driver": "file", "node-name": "f", "filename": "x", "aio": "io_uring",
        "cache": {"direct": true, "no-flush": false}, "discard": "unmap", "read-only": true, "locking": "auto"})") ==
          "ok");
    CHECK(verdict<BlockdevOptions>(
              R"({"driver": "null-co", "size": 1024, "latency-ns": 5, "read-zeroes": true})") == "ok");
    CHECK(verdict<BlockdevOptions>(R"({"driver": "nosuch"})") ==
          "Parameter 'driver' does not accept value 'nosuch'");
    CHECK(verdict<BlockdevOptions>(R"({"driver": "file"})") == "Parameter 'filename' is missing");
    CHECK(verdict<NbdServerStartArgs>(R"({"addr": {"type": "unix", "data": {"path": "x"}}})") == "ok");
    CHECK(verdict<NbdServerStartArgs>(R"({"addr": {"type": "unix", "path": "x"}})") ==
          "Parameter 'addr.data' is missing");
    CHECK(verdict<NbdServerStartArgs>(R"({"addr": {"type": "fd", "data": {"str": "3"}},
        "max-connections": 4294967296})") == "Parameter 'max-connections' expects uint32_t");
    CHECK(verdict<XBlockdevSetIothreadArgs>(R"({"node-name": "f", "iothread": null})") == "ok");
    CHECK(verdict<XBlockdevSetIothreadArgs>(R"({"node-name": "f"})") == "Parameter 'iothread' is missing");
    CHECK(verdict<XBlockdevSetIothreadArgs>(R"({"node-name": "f", "iothread": 1})") ==
          "Invalid parameter type for 'iothread', expected: StrOrNull");
    CHECK(verdict<BlockExportOptions>(R"({"type": "nbd", "id": "e", "node-name": "f", "iothread": ["a", "b"],
        "name": "", "writable": true, "fixed-iothread": false, "writethrough": true, "description": "d"})") ==
          "ok");
    CHECK(verdict<BlockExportOptions>(R"({"type": "nbd", "id": "e", "node-name": "f", "iothread": 1})") ==
          "Invalid parameter type for 'iothread', expected: BlockExportIothreads");
}

TEST_CASE("schema: query-iothreads answers with holders", "[qapi][schema]") {
    IOThreadInfo info{.id = "io0",
                      .thread_id = 7,
                      .poll_max_ns = 1,
                      .poll_grow = 2,
                      .poll_shrink = 3,
                      .poll_weight = 4,
                      .poll_policy = IOThreadPollPolicy::classic,
                      .poll_latency_weight = 6,
                      .aio_max_batch = 5,
                      .holders = {}};
    CHECK(encode(info) == Json::parse(R"({"id": "io0", "thread-id": 7, "poll-max-ns": 1, "poll-grow": 2,
        "poll-shrink": 3, "poll-weight": 4, "poll-policy": "classic", "poll-latency-weight": 6, "aio-max-batch": 5, "holders": []})"));
    IOThreadHolder holder;
    holder.u.emplace<2>().export_name = "e0";
    CHECK(holder.type() == IOThreadHolderKind::block_export);
    CHECK(encode(holder) == Json::parse(R"({"type": "block-export", "export-name": "e0"})"));
    holder.u.emplace<0>().qom_path = "/objects/x";
    CHECK(encode(holder) == Json::parse(R"({"type": "qom-object", "qom-path": "/objects/x"})"));
}

TEST_CASE("introspection: is a list of SchemaInfo, in QMP's own style", "[qapi][schema]") {
    const Json tree = Json::parse(introspection_json());
    const auto entries = decode_as<std::vector<SchemaInfo>>(tree);
    REQUIRE(entries.has_value());
    CHECK(encode(*entries) == tree);
    CHECK(introspection_json().starts_with(R"([{"name": "qmp_capabilities", )"));
    std::string written;
    write_json(written, tree);
    CHECK(written.size() == introspection_json().size()); // the same but for the order of members
}

TEST_CASE("introspection: names are unique and every type mentioned is there", "[qapi][schema]") {
    const auto entries = decode_as<std::vector<SchemaInfo>>(Json::parse(introspection_json()));
    REQUIRE(entries.has_value());
    std::set<std::string> names;
    std::set<std::string> used;
    for (const SchemaInfo &entry : *entries) {
        CHECK(names.insert(entry.name).second);
        const Json json = encode(entry);
        for (const char *key : {"arg-type", "ret-type", "element-type"})
            if (json.contains(key))
                used.insert(json[key]);
        for (const char *key : {"members", "variants"})
            if (json.contains(key) && entry.meta_type() != SchemaMetaType::enum_)
                for (const Json &member : json[key])
                    used.insert(member["type"]);
    }
    for (const std::string &name : used)
        CHECK(names.contains(name));
    CHECK(names.contains("query-iothreads"));
    CHECK(names.contains("IOTHREAD_HOLDER_ADDED"));
}

TEST_CASE("introspection: object-add describes the iothread's properties", "[qapi][schema]") {
    std::map<std::string, Json> entries;
    for (const Json &entry : Json::parse(introspection_json()))
        entries[entry["name"]] = entry;
    const Json options = entries[entries["object-add"]["arg-type"]];
    CHECK(options["tag"] == "qom-type");
    REQUIRE(options["variants"].size() == 3);
    CHECK(options["variants"][0]["case"] == "iothread");
    const Json properties = entries[options["variants"][0]["type"]];
    std::vector<std::string> names;
    for (const Json &member : properties["members"]) {
        names.push_back(member["name"]);
        CHECK(member["default"].is_null());
        CHECK(member.contains("default"));
    }
    CHECK(names == std::vector<std::string>{"aio-max-batch", "thread-pool-min", "thread-pool-max",
                                            "poll-max-ns", "poll-grow", "poll-shrink", "poll-weight",
                                            "poll-policy", "poll-latency-weight", "stall-limit-ns",
                                            "cpu-affinity", "fd-monitor"});
    CHECK(entries["x-blockdev-set-iothread"]["features"] == Json::parse(R"(["unstable"])"));
}

TEST_CASE("options: ours have the implied keys of qemu-storage-daemon", "[qapi][schema]") {
    std::map<std::string_view, std::string_view> implied;
    for (const OptionInfo &option : option_table()) {
        implied[option.name] = option.implied_key;
        CHECK_FALSE(option.help.empty());
    }
    const std::map<std::string_view, std::string_view> expected{
        {"object", "qom-type"}, {"blockdev", "driver"}, {"nbd-server", ""}, {"export", "type"},
        {"chardev", "backend"}, {"monitor", "chardev"}, {"mon", "chardev"}, {"qmp", "device"},
        {"daemonize", ""},      {"help", ""},           {"pidfile", ""},    {"version", ""},
    };
    CHECK(implied == expected);
    const OptionInfo &object = option_table()[0];
    REQUIRE(object.types.size() == 3);
    CHECK(object.types[0].name == "iothread");
    CHECK(object.types[1].name == "monitor-hmp");
    CHECK(object.types[2].name == "monitor-qmp");
    CHECK(std::is_sorted(object.types[0].members.begin(), object.types[0].members.end(),
                         [](const auto &a, const auto &b) { return a.name < b.name; }));
}

TEST_CASE("events: what is limited in its rate is in the schema", "[qapi][schema]") {
    const Json entries = Json::parse(introspection_json());
    for (const EventLimit &limit : kEventLimits) {
        const auto is_this = [&limit](const Json &entry) {
            return entry["meta-type"] == "event" && entry["name"] == limit.event;
        };
        CHECK(std::ranges::any_of(entries, is_this));
    }
}
