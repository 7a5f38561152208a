// SPDX-License-Identifier: Apache-2.0
//
// QmpSession: who may overtake whom, when to read, and how it ends.
#include "protocol/qmp/qmp_session.hpp"

#include <catch2/catch.hpp>

#include "qmp_peer.hpp"

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

using Lines = std::vector<std::string>;

const std::string kEmpty = R"({"return": {}})";
const std::string kUnblocked = R"({"return": "unblocked"})";
const std::string kBlock = "{'execute':'block'}";
const std::string kQuick = "{'execute':'object-add'}";

std::string returned(int id) { return R"({"return": {}, "id": )" + std::to_string(id) + "}"; }

std::string error(const std::string &text, const std::string &id = {}) {
    return "{" + (id.empty() ? "" : "\"id\": " + id + ", ") +
           R"("error": {"class": "GenericError", "desc": ")" + text + "\"}}";
}

void negotiate(QmpPeer &peer, bool oob) {
    REQUIRE(peer.talk(oob ? "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}"
                          : "{'execute':'qmp_capabilities'}") == Lines{kEmpty});
}

/// `count` quick commands with ids from 1.
std::string quick(int count) {
    std::string text;
    for (int id = 1; id <= count; ++id)
        text += "{'execute':'object-add','id':" + std::to_string(id) + "}";
    return text;
}

} // namespace

TEST_CASE("QmpSession order: without oob nothing is read while a command runs", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, false);
    CHECK(peer.session.wants_input());
    CHECK(peer.talk(kBlock).empty());
    CHECK(!peer.session.wants_input());
    CHECK(peer.finish_blocked() == Lines{kUnblocked});
    CHECK(peer.talk(kBlock + quick(2) + "nope [1]" + kBlock + quick(1)).empty());
    CHECK(!peer.session.wants_input());
    CHECK(peer.executed.back() == "block");
    CHECK(peer.finish_blocked() == Lines{kUnblocked, returned(1), returned(2),
                                         error("1:131: JSON parse error, invalid keyword 'nope'"),
                                         error("QMP input must be a JSON object")});
    CHECK(!peer.session.wants_input());
    CHECK(peer.finish_blocked() == Lines{kUnblocked, returned(1)});
    CHECK(peer.session.wants_input());
}

TEST_CASE("QmpSession order: wants no more until it has looked at what it got", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, false);
    peer.session.feed(quick(2));
    CHECK(!peer.session.wants_input());
    for (int id = 1; id <= 2; ++id) {
        auto step = peer.session.next();
        REQUIRE(step);
        peer.session.reply(std::get<QmpCommand>(*step), QmpReply{Json::object()});
        CHECK(!peer.session.wants_input());
    }
    CHECK(!peer.session.next());
    CHECK(peer.session.wants_input());
}

TEST_CASE("QmpSession order: in-band replies keep the order of their commands with oob", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, true);
    CHECK(peer.talk(kBlock + "{'execute':'nope','id':1}" + kQuick + "{'x':1}[]\n%\n" + kQuick).empty());
    CHECK(peer.session.wants_input());
    CHECK(
        peer.finish_blocked() ==
        Lines{
            kUnblocked,
            R"({"id": 1, "error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}})",
            kEmpty, error("QMP input member 'x' is unexpected"), error("QMP input must be a JSON object"),
            error("2:1: JSON parse error, stray '%'"), kEmpty});
}

TEST_CASE("QmpSession order: an out-of-band command overtakes", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, true);
    SECTION("the running command and those that wait") {
        CHECK(peer.talk(kBlock + quick(7) + "{'exec-oob':'oob-echo','arguments':{'x':1},'id':'o'}") ==
              Lines{R"({"return": {"x": 1}, "id": "o"})"});
        CHECK(peer.session.wants_input());
        CHECK(peer.executed.back() == "oob-echo");
        CHECK(peer.finish_blocked().size() == 8);
    }
    SECTION("those that arrived together with it") {
        CHECK(peer.talk(quick(2) + "{'exec-oob':'oob-echo'}" + quick(1)) ==
              Lines{kEmpty, returned(1), returned(2), returned(1)});
        CHECK(peer.executed ==
              Lines{"qmp_capabilities", "oob-echo", "object-add", "object-add", "object-add"});
    }
    SECTION("but not a full queue: then reading stops until one is taken out") {
        CHECK(peer.talk(kBlock + quick(8) + "{'exec-oob':'oob-echo','id':'o'}").empty());
        CHECK(!peer.session.wants_input());
        CHECK(peer.executed.back() == "block");
        const Lines lines = peer.finish_blocked();
        CHECK(lines.size() == 10);
        CHECK(lines.front() == kUnblocked);
        CHECK(std::ranges::find(lines, R"({"return": {}, "id": "o"})") < lines.end() - 1);
        CHECK(peer.session.wants_input());
    }
    SECTION("errors wait in the queue as well") {
        CHECK(peer.talk(kBlock + "[][][][][][][][]" + "{'exec-oob':'oob-echo'}").empty());
        CHECK(peer.finish_blocked().size() == 10);
    }
}

TEST_CASE("QmpSession order: several out-of-band commands run at a time, besides an in-band one", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, true);
    CHECK(peer.talk("{'exec-oob':'oob-block','id':1}{'exec-oob':'oob-block','id':2}" + kBlock).empty());
    REQUIRE(peer.blocked.size() == 3);
    CHECK(peer.blocked[0].out_of_band);
    CHECK(peer.finish_blocked() == Lines{R"({"return": "unblocked", "id": 1})"});
    CHECK(peer.talk(kQuick).empty()); // behind the in-band one
    CHECK(peer.finish_blocked() == Lines{R"({"return": "unblocked", "id": 2})"});
    CHECK(peer.finish_blocked() == Lines{kUnblocked, kEmpty});
}

TEST_CASE("QmpSession order: execute of an oob command is in-band", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, true);
    CHECK(peer.talk(kBlock + "{'execute':'oob-echo'}").empty());
    CHECK(peer.finish_blocked() == Lines{kUnblocked, kEmpty});
}

TEST_CASE("QmpSession order: errors about exec-oob come out of band", "[qmp]") {
    struct Case {
        std::string input, line;
    };
    const auto test = GENERATE(values<Case>({
        {"{'exec-oob':'query-version','id':1}", error("The command query-version does not support OOB", "1")},
        {"{'exec-oob':'query-version','arguments':{'x':1}}",
         error("The command query-version does not support OOB")},
        {"{'exec-oob':'qmp_capabilities'}", error("The command qmp_capabilities does not support OOB")},
        {"{'exec-oob':1}", error("QMP input member 'exec-oob' must be a string")},
        {"{'exec-oob':'oob-echo','x':1}", error("QMP input member 'x' is unexpected")},
        {"{'exec-oob':'oob-echo','arguments':1}", error("QMP input member 'arguments' must be an object")},
        {"{'exec-oob':'nope'}",
         R"({"error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}})"},
    }));
    INFO(test.input);
    QmpPeer peer;
    negotiate(peer, true);
    CHECK(peer.talk(kBlock + kQuick + test.input) == Lines{test.line});
    CHECK(peer.finish_blocked() == Lines{kUnblocked, kEmpty});
}

TEST_CASE("QmpSession order: execute and exec-oob together clash, in-band", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, true);
    CHECK(peer.talk(kBlock + "{'exec-oob':'oob-echo','execute':'oob-echo'}").empty());
    CHECK(peer.finish_blocked() ==
          Lines{kUnblocked, error("QMP input member 'execute' clashes with 'exec-oob'")});
}

TEST_CASE("QmpSession order: oob not enabled is not there", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, false);
    CHECK(peer.talk("{'exec-oob':'oob-echo'}") == Lines{error("QMP input member 'exec-oob' is unexpected")});
    CHECK(peer.talk("{'execute':'oob-echo'}") == Lines{kEmpty});
}

TEST_CASE("QmpSession end: what came complete is run, half a command is dropped", "[qmp]") {
    QmpPeer peer;
    negotiate(peer, GENERATE(false, true));
    CHECK(peer.talk(kBlock + quick(12) + "{'execute':'object-add',").empty());
    peer.session.finish();
    CHECK(!peer.session.wants_input());
    CHECK(peer.run().empty());
    CHECK(!peer.session.done());
    CHECK(peer.finish_blocked().size() == 13);
    CHECK(peer.session.done());
}

TEST_CASE("QmpSession end: a session without commands is done at once", "[qmp]") {
    for (const std::string input : {"", " \n", "{", "42", "\"x", "true"}) {
        INFO(input);
        QmpPeer peer;
        peer.talk(input);
        CHECK(!peer.session.done());
        peer.session.finish();
        CHECK(peer.run().empty());
        CHECK(peer.session.done());
    }
}
