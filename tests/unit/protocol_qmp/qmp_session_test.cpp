// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/qmp_session.hpp"

#include <catch2/catch.hpp>

#include "qmp_peer.hpp"

using namespace iothreadd;
using namespace iothreadd::test;
using namespace std::string_literals;

namespace {

using Lines = std::vector<std::string>;

struct Dialogue {
    std::string input;
    Lines lines;
};

const std::string kNegotiate = "{'execute':'qmp_capabilities'}";
const std::string kEmpty = R"({"return": {}})";

std::string error(const std::string &text, const std::string &error_class = "GenericError",
                  const std::string &id = {}) {
    const std::string member = id.empty() ? "" : "\"id\": " + id + ", ";
    return "{" + member + R"("error": {"class": ")" + error_class + R"(", "desc": ")" + text + "\"}}";
}

std::string not_found(const std::string &text) { return error(text, "CommandNotFound"); }

const std::string kExpecting = not_found("Expecting capabilities negotiation with 'qmp_capabilities'");

QmpPeer &negotiated(QmpPeer &peer) {
    REQUIRE(peer.talk(kNegotiate) == Lines{kEmpty});
    return peer;
}

} // namespace

TEST_CASE("QmpSession: greets with version and capabilities", "[qmp]") {
    const auto greeting = [](std::vector<std::string_view> capabilities, QmpStyle style) {
        return QmpSession({.commands = kCommands,
                           .capabilities = std::move(capabilities),
                           .style = style,
                           .version = {.package = "iothreadd 1.2.3"}})
            .greeting();
    };
    CHECK(
        greeting({}, QmpStyle::compact) ==
        R"({"QMP": {"version": {"qemu": {"micro": 1, "minor": 1, "major": 11}, "package": "iothreadd 1.2.3"}, )"
        "\"capabilities\": []}}\r\n");
    CHECK(greeting({"oob", "event-seq"}, QmpStyle::compact)
              .ends_with("\"capabilities\": [\"oob\", \"event-seq\"]}}\r\n"));
    CHECK(greeting({}, QmpStyle::pretty).starts_with("{\r\n    \"QMP\": {\r\n        \"version\": {\r\n"));
    CHECK(QmpVersion{}.package == "iothreadd " IOTHREADD_VERSION);
}

TEST_CASE("QmpSession: before negotiation only qmp_capabilities works", "[qmp]") {
    const auto dialogue = GENERATE(values<Dialogue>({
        {R"({"execute":"query-version"})", {kExpecting}},
        {R"({"execute":"nope"})", {kExpecting}},
        {R"({"execute":"quit","id":1})",
         {error("Expecting capabilities negotiation with 'qmp_capabilities'", "CommandNotFound", "1")}},
        {R"({"exec-oob":"qmp_capabilities"})", {error("QMP input member 'exec-oob' is unexpected")}},
        // what comes before the look-up has its own errors
        {"[]", {error("QMP input must be a JSON object")}},
        {"{}", {error("QMP input lacks member 'execute'")}},
        {R"({"execute":"nope","foo":1})", {error("QMP input member 'foo' is unexpected")}},
        {R"({"execute":"nope","arguments":[]})", {error("QMP input member 'arguments' must be an object")}},
        {R"({"execute":})", {error("1:12: JSON parse error, expecting value")}},
        {R"({"execute":"qmp_capabilities"}{"execute":"query-version"})",
         {kEmpty, R"({"return": {"b": 1, "a": []}})"}},
    }));
    INFO(dialogue.input);
    QmpPeer peer;
    CHECK(!peer.session.negotiated());
    CHECK(peer.talk(dialogue.input) == dialogue.lines);
}

TEST_CASE("QmpSession: qmp_capabilities", "[qmp]") {
    struct Case {
        std::vector<std::string_view> offered;
        std::string arguments, reply;
        bool negotiated, oob;
    };
    const auto test = GENERATE(values<Case>({
        {{"oob"}, "", kEmpty, true, false},
        {{"oob"}, ",'arguments':{}", kEmpty, true, false},
        {{"oob"}, ",'arguments':{'enable':[]}", kEmpty, true, false},
        {{"oob"}, ",'arguments':{'enable':['oob']}", kEmpty, true, true},
        {{"oob"}, ",'arguments':{'enable':['oob','oob']}", kEmpty, true, true},
        {{}, ",'arguments':{'enable':[]}", kEmpty, true, false},
        {{}, ",'arguments':{'enable':['oob']}", error("Capability oob not available"), false, false},
        {{"x"}, ",'arguments':{'enable':['x','oob']}", error("Capability oob not available"), false, false},
        {{"oob"},
         ",'arguments':{'enable':'oob'}",
         error("Invalid parameter type for 'enable', expected: array"),
         false,
         false},
    }));
    INFO(test.arguments);
    QmpPeer peer{test.offered};
    CHECK(peer.talk("{'execute':'qmp_capabilities'" + test.arguments + "}") == Lines{test.reply});
    CHECK(peer.session.negotiated() == test.negotiated);
    CHECK(peer.session.enabled("oob") == test.oob);
    CHECK(!peer.session.enabled("x"));
    if (!test.negotiated) { // it may be repeated
        CHECK(peer.talk("{'execute':'query-version'}") == Lines{kExpecting});
        CHECK(peer.talk(kNegotiate) == Lines{kEmpty});
    }
}

TEST_CASE("QmpSession: negotiation happens once", "[qmp]") {
    QmpPeer peer;
    negotiated(peer);
    const std::string complete = not_found("Capabilities negotiation is already complete, command ignored");
    CHECK(peer.talk(kNegotiate) == Lines{complete});
    CHECK(peer.talk("{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}") == Lines{complete});
    CHECK(!peer.session.enabled("oob"));
    CHECK(peer.talk("{'execute':'qmp_capabilities','arguments':{'enable':1}}") ==
          Lines{error("Invalid parameter type for 'enable', expected: array")});
    CHECK(peer.session.negotiated());
}

TEST_CASE("QmpSession: checks the command object", "[qmp]") {
    const std::string no_object = error("QMP input must be a JSON object");
    const auto dialogue = GENERATE_COPY(values<Dialogue>({
        {"1 ", {no_object}},
        {"'quit'", {no_object}},
        {"null\n", {no_object}},
        {R"([{"execute":"query-version"}])", {no_object}},
        {R"({"execute":"query-version","foo":1})", {error("QMP input member 'foo' is unexpected")}},
        {R"({"execute":"query-version","":1})", {error("QMP input member '' is unexpected")}},
        {R"({"execute":"query-version","control":{}})", {error("QMP input member 'control' is unexpected")}},
        {R"({"EXECUTE":"query-version"})", {error("QMP input member 'EXECUTE' is unexpected")}},
        {R"({"execute":1})", {error("QMP input member 'execute' must be a string")}},
        {R"({"execute":null})", {error("QMP input member 'execute' must be a string")}},
        {R"({"execute":"query-version","arguments":null})",
         {error("QMP input member 'arguments' must be an object")}},
        {R"({"execute":"query-version","arguments":[]})",
         {error("QMP input member 'arguments' must be an object")}},
        {R"({"arguments":{}})", {error("QMP input lacks member 'execute'")}},
        {R"({"exec-oob":"query-version"})", {error("QMP input member 'exec-oob' is unexpected")}},
        {R"({"exec-oob":1})", {error("QMP input member 'exec-oob' is unexpected")}},
        {R"({"execute":"nope"})", {not_found("The command nope has not been found")}},
        {R"({"execute":"nope","arguments":{"x":1}})", {not_found("The command nope has not been found")}},
        {R"({"execute":""})", {not_found("The command  has not been found")}},
        {R"({"execute":"Query-version"})", {not_found("The command Query-version has not been found")}},
        {R"({"execute":"zzz"})", {not_found("The command zzz has not been found")}},
        // several faults: unknown members, execute, arguments, lacks
        {R"({"execute":1,"foo":1,"arguments":1})", {error("QMP input member 'foo' is unexpected")}},
        {R"({"execute":1,"arguments":1})", {error("QMP input member 'execute' must be a string")}},
        {R"({"arguments":1})", {error("QMP input member 'arguments' must be an object")}},
        // JSON errors have no id, even if it was read
        {R"({"execute":"x","id":1,"id":1})", {error("2:28: JSON parse error, duplicate key")}},
        {R"({"id":9,"execute":"nope",})", {error("2:26: JSON parse error, expecting key")}},
    }));
    INFO(dialogue.input);
    QmpPeer peer;
    CHECK(negotiated(peer).talk("\n" + dialogue.input) == dialogue.lines);
    CHECK(peer.executed == Lines{"qmp_capabilities"});
}

TEST_CASE("QmpSession: echoes the id in every reply to a well-formed object", "[qmp]") {
    const auto dialogue = GENERATE(values<Dialogue>({
        {R"({"execute":"query-version","id":"libvirt-1"})",
         {R"({"return": {"b": 1, "a": []}, "id": "libvirt-1"})"}},
        {R"({"id":null,"execute":"silent2"})",
         {error("The command silent2 has not been found", "CommandNotFound", "null")}},
        {R"({"execute":"nope","id":{"a":[1,2.5,null,true,"x"]}})",
         {error("The command nope has not been found", "CommandNotFound",
                R"({"a": [1, 2.5, null, true, "x"]})")}},
        {R"({"id":7,"execute":true})",
         {error("QMP input member 'execute' must be a string", "GenericError", "7")}},
        {R"({"id":-0.5})", {error("QMP input lacks member 'execute'", "GenericError", "-0.5")}},
        {R"({"id":false,"x":1})", {error("QMP input member 'x' is unexpected", "GenericError", "false")}},
        {R"({"execute":"fail","id":[]})", {error("Device 'x' not found", "DeviceNotFound", "[]")}},
        {R"({"execute":"object-add","id":18446744073709551615})",
         {R"({"return": {}, "id": 18446744073709551615})"}},
        {"{'execute':'object-add','id':'\xc3\xa9\\u0000'}", {R"({"return": {}, "id": "\u00E9\u0000"})"}},
        {"{'execute':'object-add','id':1}{'execute':'object-add','id':1}",
         {R"({"return": {}, "id": 1})", R"({"return": {}, "id": 1})"}},
    }));
    INFO(dialogue.input);
    QmpPeer peer;
    CHECK(negotiated(peer).talk(dialogue.input) == dialogue.lines);
}

TEST_CASE("QmpSession: hands out arguments as they came, or none as an empty object", "[qmp]") {
    QmpPeer peer;
    negotiated(peer);
    peer.talk("{'execute':'block','arguments':{'x':[1,{}]},'id':1}");
    REQUIRE(peer.blocked.size() == 1);
    CHECK(peer.blocked[0].arguments == Json{{"x", {1, Json::object()}}});
    CHECK(kCommands.at(peer.blocked[0].index).name == "block");
    peer.finish_blocked();
    peer.talk("{'execute':'block'}");
    CHECK(peer.blocked[0].arguments == Json::object());
    CHECK(!peer.blocked[0].id);
    peer.finish_blocked();
}

TEST_CASE("QmpSession: a whole session, line by line", "[qmp]") {
    constexpr std::array<CommandInfo, 6> commands{
        {{"object-add"}, {"object-del"}, {"qmp_capabilities"}, {"qom-get"}, {"qom-set"}, {"quit"}}};
    struct Exchange {
        std::string input;
        std::vector<Result<QmpReply>> results;
        std::string output;
    };
    const QmpReply done{Json::object()};
    const std::vector<Exchange> exchanges{
        {R"({"execute":"qmp_capabilities"})", {done}, R"({"return": {}})"},
        {R"({"execute":"object-add","arguments":{"qom-type":"iothread","id":"io0","poll-max-ns":1000},"id":1})",
         {done},
         R"({"return": {}, "id": 1})"},
        {R"({"execute":"qom-get","arguments":{"path":"/objects/io0","property":"poll-max-ns"}})"
         R"({"execute":"qom-get","arguments":{"path":"io0","property":"type"}})",
         {QmpReply{Json(1000)}, QmpReply{Json("iothread")}},
         "{\"return\": 1000}\r\n{\"return\": \"iothread\"}"},
        {R"({"execute":"qom-set","arguments":{"path":"/objects/io0","property":"poll-max-ns","value":-1}})",
         {generic_error("poll-max-ns value must be in range [0, 9223372036854775807]")},
         error("poll-max-ns value must be in range [0, 9223372036854775807]")},
        {R"({"execute":"object-del","arguments":{"id":"io0"}})", {done}, R"({"return": {}})"},
        {R"({"execute":"quit"})", {done}, R"({"return": {}})"},
    };
    QmpSession session({.commands = commands});
    for (const auto &exchange : exchanges) {
        session.feed(exchange.input + "\r\n");
        std::string output;
        for (const auto &result : exchange.results) {
            const auto step = session.next();
            REQUIRE(step);
            REQUIRE(std::holds_alternative<QmpCommand>(*step));
            const auto &command = std::get<QmpCommand>(*step);
            if (commands.at(command.index).name == "qmp_capabilities")
                REQUIRE(session.enable({}).has_value());
            output += session.reply(command, result);
        }
        CHECK(!session.next());
        CHECK(output == exchange.output + "\r\n");
    }
}

TEST_CASE("QmpSession: a dialogue with parse errors goes on", "[qmp]") {
    QmpPeer peer;
    CHECK(negotiated(peer).talk("\n{\"execute\":\xff{\"execute\":\"nope\"}") ==
          Lines{error(R"(2:12: JSON parse error, stray '\uFFFD')"),
                not_found("The command nope has not been found")});
    CHECK(peer.talk("\n{\"execute\":NaN,\"id\":1}") ==
          Lines{error("3:12: JSON parse error, stray 'N'"), error("3:15: JSON parse error, expecting value"),
                error("QMP input must be a JSON object"), error("3:20: JSON parse error, expecting value"),
                error("QMP input must be a JSON object"), error("3:22: JSON parse error, expecting value")});
    CHECK(peer.talk("\xff\xff\xff").size() == 3);
    CHECK(peer.talk("{'execute':'object-add'}") == Lines{kEmpty});
}

TEST_CASE("QmpSession: a command without success reply has only errors", "[qmp]") {
    QmpPeer peer;
    CHECK(negotiated(peer).talk("{'execute':'silent','id':1}{'execute':'object-add'}") == Lines{kEmpty});
    CHECK(peer.executed.size() == 3);
    CHECK(peer.talk("{'execute':'silent','x':1}").size() == 1);
}

TEST_CASE("QmpSession: every split of a session gives the same replies", "[qmp]") {
    const std::string input = kNegotiate +
                              "\r\n{\"execute\":\"object-add\",\"arguments\":{\"a\":1},\"id\":1}"
                              "{\"execute\":\"query-version\"}nope {'execute':'nope','id':{}}\xff[1]";
    QmpPeer whole;
    const Lines expected = whole.talk(input);
    CHECK(expected.size() == 7);
    for (std::size_t split = 0; split <= input.size(); ++split) {
        QmpPeer peer;
        Lines lines = peer.talk(input.substr(0, split));
        for (auto &line : peer.talk(input.substr(split)))
            lines.push_back(std::move(line));
        REQUIRE(lines == expected);
    }
}

TEST_CASE("QmpSession: pretty replies", "[qmp]") {
    QmpPeer peer{{}, QmpStyle::pretty};
    CHECK(peer.talk("{'execute':'qmp_capabilities','id':[]}") ==
          Lines{"{\r\n    \"return\": {\r\n    },\r\n    \"id\": [\r\n    ]\r\n}"});
    CHECK(
        peer.talk("{'execute':'query-version'}") == // already serialised text keeps its order
        Lines{"{\r\n    \"return\": {\r\n        \"b\": 1,\r\n        \"a\": [\r\n        ]\r\n    }\r\n}"});
    CHECK(peer.talk("{}") == Lines{"{\r\n    \"error\": {\r\n        \"class\": \"GenericError\",\r\n"
                                   "        \"desc\": \"QMP input lacks member 'execute'\"\r\n    }\r\n}"});
}

TEST_CASE("QmpSession: who does not speak JSON at all is told what this is", "[qmp]") {
    const std::string hint =
        R"( (this is QMP: commands are JSON objects, first { \"execute\": \"qmp_capabilities\" }))";
    const auto first = [](std::string_view input) {
        QmpPeer peer;
        return peer.talk(input).at(0);
    };
    CHECK(first("help\r\n") == error("1:1: JSON parse error, invalid keyword 'help'" + hint));
    CHECK(first("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == error("1:1: JSON parse error, stray 'G'" + hint));
    CHECK(first("{'execute':}") == error("1:12: JSON parse error, expecting value"));
    CHECK(first("\r\n help\n") == error("2:2: JSON parse error, invalid keyword 'help'" + hint));
    CHECK(first("[1,]") == error("1:4: JSON parse error, expecting value" + hint));
    CHECK(first("\n{help}") == error("2:2: JSON parse error, expecting key"));
    CHECK(first("{\"execute\": nope}") == error("1:13: JSON parse error, invalid keyword 'nope'"));
    CHECK(first("42\n") == error("QMP input must be a JSON object"));

    QmpPeer bytewise;
    Lines lines;
    for (const char byte : std::string_view{"\n help me\n"})
        for (const std::string &line : bytewise.talk({&byte, 1}))
            lines.push_back(line);
    CHECK(lines == Lines{error("2:2: JSON parse error, invalid keyword 'help'" + hint),
                         error("2:7: JSON parse error, invalid keyword 'me'")}); // once
    CHECK(bytewise.talk(kNegotiate + "\nquit\n").at(1) ==
          error("4:1: JSON parse error, invalid keyword 'quit'"));

    QmpPeer peer;
    negotiated(peer);
    CHECK(peer.talk("\nquit\n") == Lines{error("2:1: JSON parse error, invalid keyword 'quit'")});
}

TEST_CASE("QmpSession: events are lines of their own", "[qmp]") {
    using namespace std::chrono;
    const system_clock::time_point when{seconds{1795224395} + microseconds{875495}};
    CHECK(
        qmp_event_line("BLOCK_EXPORT_DELETED", Json{{"id", "e0"}}, when, std::nullopt, QmpStyle::compact) ==
        R"({"timestamp": {"seconds": 1795224395, "microseconds": 875495}, "event": "BLOCK_EXPORT_DELETED", )"
        "\"data\": {\"id\": \"e0\"}}\r\n");
    CHECK(qmp_event_line("RESUME", std::nullopt, when, std::nullopt, QmpStyle::compact) ==
          "{\"timestamp\": {\"seconds\": 1795224395, \"microseconds\": 875495}, \"event\": \"RESUME\"}\r\n");
    CHECK(qmp_event_line("RESUME", std::nullopt, when, 7, QmpStyle::compact) ==
          "{\"timestamp\": {\"seconds\": 1795224395, \"microseconds\": 875495}, \"event\": \"RESUME\", "
          "\"seq\": 7}\r\n");
    CHECK(qmp_event_line("RESUME", std::nullopt, when, std::nullopt, QmpStyle::pretty) ==
          "{\r\n    \"timestamp\": {\r\n        \"seconds\": 1795224395,\r\n        \"microseconds\": "
          "875495\r\n    },"
          "\r\n    \"event\": \"RESUME\"\r\n}\r\n");
}
