// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_client.hpp"
#include "tests/unit/monitor/test_context.hpp"

#include "qapi/control_commands.hpp"
#include "qapi/introspect_commands.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

constexpr std::array<CommandInfo, 2> kCommands{{{"a-command"}, {"b-command"}}};
constexpr std::array<CommandHandler, 2> kHandlers{};

class FakeClient final : public QmpClient {
public:
    QmpSession &session() { return session_; }
    Result<void> enable(std::span<const std::string_view> capabilities) override {
        return session_.enable(capabilities);
    }
    void set_event_filter(std::optional<std::vector<std::string>>) override {}
    Result<UniqueFd> take_fd() override { return generic_error("none"); }

private:
    QmpSession session_{{.commands = kCommands}};
};

struct Fixture : TestContext {
    Fixture() : TestContext(QmpApi{kCommands, kHandlers, R"([{"name": "str"}])", {}, {}}) {
        asking.client = &client;
    }
    FakeClient client;
    QmpContext asking = context;
};

} // namespace

TEST_CASE_METHOD(Fixture, "qmp_capabilities: ends the negotiation of the client that asks, once",
                 "[monitor]") {
    CHECK_FALSE(client.session().negotiated());
    qapi::QmpCapabilitiesArgs oob;
    oob.enable.emplace({qapi::QMPCapability::oob});
    CHECK(qmp_qmp_capabilities(asking, oob).error() == generic_error("Capability oob not available"));
    CHECK_FALSE(client.session().negotiated());
    CHECK(qmp_qmp_capabilities(asking, {}).has_value());
    CHECK(client.session().negotiated());
    CHECK(
        qmp_qmp_capabilities(asking, {}).error() ==
        Error{ErrorClass::CommandNotFound, "Capabilities negotiation is already complete, command ignored"});
}

TEST_CASE_METHOD(Fixture, "query-version: names the QEMU release we match, and us", "[monitor]") {
    const auto info = qmp_query_version(asking);
    REQUIRE(info.has_value());
    CHECK(info->qemu.major_ == 11);
    CHECK(info->qemu.minor_ == 1);
    CHECK(info->qemu.micro == 1);
    CHECK(info->package == "iothreadd " IOTHREADD_VERSION);
}

TEST_CASE_METHOD(Fixture, "query-commands: lists the commands of the server", "[monitor]") {
    const auto list = qmp_query_commands(asking);
    REQUIRE(list.has_value());
    REQUIRE(list->size() == 2);
    CHECK((*list)[0].name == "a-command");
    CHECK((*list)[1].name == "b-command");
}

TEST_CASE_METHOD(Fixture, "query-qmp-schema: hands out the introspection as it is", "[monitor]") {
    const auto reply = qmp_query_qmp_schema(asking, Json::object());
    REQUIRE(reply.has_value());
    CHECK(std::get<SerialisedJson>(*reply).text == R"([{"name": "str"}])");
}

TEST_CASE_METHOD(Fixture, "quit: asks for the end", "[monitor]") {
    CHECK(qmp_quit(asking).has_value());
    CHECK(reasons == std::vector<std::string>{"host-qmp-quit"});
}
