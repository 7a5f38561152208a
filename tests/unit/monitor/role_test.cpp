// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/role.hpp"
#include "protocol/qmp/json.hpp"
#include "qapi/introspection.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <string>

using namespace iothreadd;
using qapi::MonitorAllow;

namespace {

constexpr auto kReadOnly = MonitorRole::read_only;
constexpr auto kOperator = MonitorRole::operator_;

using Id = std::optional<std::uint32_t>;
MonitorAllow allow(Id uid, Id gid, MonitorRole role) { return {.uid = uid, .gid = gid, .role = role}; }

struct Row {
    const char *what;
    std::vector<MonitorAllow> allow;
    std::optional<MonitorRole> role;
};

/// User 1000, group 100, supplementary groups 7 and 8.
const std::optional<ClientPeer> kPeer{{.pid = 1, .uid = 1000, .gid = 100}};
const std::vector<gid_t> kGroups{7, 8};

/// The commands of our schema.
std::set<std::string> all_commands() {
    std::set<std::string> names;
    for (const Json &entry : Json::parse(introspection_json()))
        if (entry["meta-type"] == "command")
            names.insert(entry["name"].get<std::string>());
    return names;
}

} // namespace

TEST_CASE("Role: the first entry that matches decides", "[monitor][role]") {
    const auto row = GENERATE(values<Row>({
        {"no entry", {}, std::nullopt},
        {"the user", {allow(1000, {}, kReadOnly)}, kReadOnly},
        {"another user", {allow(1001, {}, kReadOnly)}, std::nullopt},
        {"root is nobody special", {allow(0, {}, kOperator)}, std::nullopt},
        {"the primary group", {allow({}, 100, kReadOnly)}, kReadOnly},
        {"the first supplementary group", {allow({}, 7, kReadOnly)}, kReadOnly},
        {"the last supplementary group", {allow({}, 8, kOperator)}, kOperator},
        {"another group", {allow({}, 9, kReadOnly)}, std::nullopt},
        {"a user's number as a group", {allow({}, 1000, kReadOnly)}, std::nullopt},
        {"a group's number as a user", {allow(100, {}, kReadOnly)}, std::nullopt},
        {"user and group", {allow(1000, 8, kReadOnly)}, kReadOnly},
        {"only the user of both", {allow(1000, 9, kReadOnly)}, std::nullopt},
        {"only the group of both", {allow(1001, 100, kReadOnly)}, std::nullopt},
        {"everybody", {allow({}, {}, kReadOnly)}, kReadOnly},
        {"first one role", {allow(1000, {}, kReadOnly), allow({}, {}, kOperator)}, kReadOnly},
        {"then the other", {allow({}, {}, kOperator), allow(1000, {}, kReadOnly)}, kOperator},
        {"after those that do not match",
         {allow(0, {}, kOperator), allow({}, 9, kOperator), allow({}, 7, kReadOnly)},
         kReadOnly},
    }));
    CAPTURE(row.what);
    CHECK(role_for(row.allow, kPeer, kGroups) == row.role);
}

TEST_CASE("Role: who has no user matches only what is for everybody", "[monitor][role]") {
    const std::vector<gid_t> ours{0, 7};
    CHECK_FALSE(role_for(std::vector{allow(1000, {}, kReadOnly)}, std::nullopt, ours));
    CHECK_FALSE(role_for(std::vector{allow({}, 7, kReadOnly)}, std::nullopt, ours));
    CHECK_FALSE(role_for(std::vector{allow(-1, -1, kReadOnly)}, std::nullopt, ours));
    CHECK(role_for(std::vector{allow({}, {}, kReadOnly)}, std::nullopt, ours) == kReadOnly);
    CHECK(role_for(allow_everybody(), std::nullopt, {}) == kOperator);
    CHECK(role_for(allow_everybody(), kPeer, kGroups) == kOperator);
}

// A new command has to be put into one of the two lists. It belongs into the first one if it changes nothing
// for anybody but the client that asks.
TEST_CASE("Role: a read-only client may run these commands and no others", "[monitor][role]") {
    const std::set<std::string> allowed{
        "qmp_capabilities",
        "qom-get",
        "qom-list",
        "qom-list-get",
        "qom-list-properties",
        "qom-list-types",
        "query-block-exports",
        "query-chardev",
        "query-clients",
        "query-commands",
        "query-events-since",
        "query-fdsets",
        "query-iothread-stats",
        "query-iothreads",
        "query-named-block-nodes",
        "query-nbd-server",
        "query-qmp-schema",
        "query-version",
        "set-event-filter",
    };
    const std::set<std::string> refused{
        "add-fd",
        "block-export-add",
        "block-export-del",
        "blockdev-add",
        "blockdev-del",
        "chardev-add",
        "chardev-remove",
        "client-disconnect",
        "closefd",
        "getfd",
        "human-monitor-command",
        "nbd-server-start",
        "nbd-server-stop",
        "object-add",
        "object-del",
        "qom-set",
        "quit",
        "remove-fd",
        "x-blockdev-set-iothread",
    };
    std::set<std::string> classified = allowed;
    classified.insert(refused.begin(), refused.end());
    CHECK(classified == all_commands());
    for (const std::string &command : all_commands()) {
        CAPTURE(command);
        CHECK(may_run(kReadOnly, command) == allowed.contains(command));
        CHECK(may_run(kOperator, command));
    }
}

TEST_CASE("Role: a refusal names command, user and role", "[monitor][role]") {
    CHECK(check_permit({.role = kReadOnly, .peer = kPeer}, "object-add").error() ==
          generic_error("The command object-add is not allowed: user 1000 has the role read-only here"));
    CHECK(check_permit({.role = kReadOnly, .peer = {}}, "quit").error() ==
          generic_error(
              "The command quit is not allowed: a client without a user has the role read-only here"));
    CHECK(check_permit({.role = kReadOnly, .peer = kPeer}, "query-version").has_value());
    CHECK(check_permit({.role = kOperator, .peer = kPeer}, "object-add").has_value());
}

TEST_CASE("ClientPeer: is who connected a unix domain socket", "[monitor][role]") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const auto peer = peer_of(pair[0]);
    REQUIRE(peer);
    CHECK(peer->pid == ::getpid());
    CHECK(peer->uid == ::geteuid());
    CHECK(peer->gid == ::getegid());
    std::vector<gid_t> ours(static_cast<std::size_t>(::getgroups(0, nullptr)));
    REQUIRE(::getgroups(static_cast<int>(ours.size()), ours.data()) >= 0);
    CHECK(peer_groups(pair[0]) == ours);
    ::close(pair[0]);
    ::close(pair[1]);

    const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_FALSE(peer_of(tcp));
    CHECK(peer_groups(tcp).empty());
    ::close(tcp);
}
