// SPDX-License-Identifier: Apache-2.0
//
// Command-line options generated from the struct CommandLine.
#include "protocol/qmp/codec.hpp"
#include "qapi_test/options.hpp"
#include "qapi_test/test_codec.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

namespace {

class Recorder : public OptionHandler {
public:
    Result<void> device(const qapi::Device &options) override { return record("device", encode(options)); }
    Result<void> bottom(const qapi::Bottom &options) override { return record("bottom", encode(options)); }
    Result<void> server(const qapi::Server &options) override { return record("server", encode(options)); }
    Result<void> export_(const qapi::Scalars &options) override { return record("export", encode(options)); }
    Result<void> help(const OptionInfo &option, std::string_view type) override {
        return record("help " + std::string(option.name), Json(std::string(type)));
    }

    std::string said;
    bool refuse = false;

private:
    Result<void> record(const std::string &what, const Json &data) {
        if (refuse)
            return generic_error("refused");
        said = what + " " + data.dump();
        return {};
    }
};

std::string apply(std::string_view name, std::string_view value) {
    Recorder recorder;
    const auto result = apply_option(recorder, name, value);
    return result.has_error() ? result.error().desc : recorder.said;
}

} // namespace

TEST_CASE("options: key=value and JSON reach the same handler", "[qapi][options]") {
    CHECK(apply("device", "null-co,id=x") == R"(device {"id":"x","reader":"null-co"})");
    CHECK(apply("device", "reader=plain,id=x,low=0x10") == R"(device {"id":"x","low":16,"reader":"plain"})");
    CHECK(apply("device", R"({"reader": "plain", "id": "x", "low": 16})") ==
          R"(device {"id":"x","low":16,"reader":"plain"})");
    CHECK(apply("export", "a,b=on") == R"(export {"b":true,"s":"a"})");
    CHECK(apply("bottom", "x,rank=1") == R"(bottom {"id":"x","rank":1})");
    CHECK(apply("server", "addr.type=circle,addr.radius=1") ==
          R"(server {"addr":{"radius":1,"type":"circle"}})");
}

TEST_CASE("options: settings are stored as they are given", "[qapi][options]") {
    qapi::Settings settings;
    CHECK(set_option(settings, "pidfile", "a,b={"));
    CHECK(settings.pidfile == "a,b={");
    CHECK_FALSE(settings.daemonize);
    CHECK(set_option(settings, "daemonize", ""));
    CHECK(settings.daemonize);
    CHECK_FALSE(set_option(settings, "device", "null-co,id=x"));
    CHECK(apply("pidfile", "x") == "unknown option '--pidfile'");
}

TEST_CASE("options: JSON is strict, text is converted", "[qapi][options]") {
    CHECK(apply("device", R"({"reader": "plain", "id": "x", "low": "16"})") ==
          "Parameter 'low' expects uint64");
    CHECK(apply("device", R"({"reader": "plain", "id": "x", "low": 1, "max.low": 1})") ==
          "Parameter 'max.low' is unexpected");
    CHECK(apply("device", R"({"reader":)") == "1:11: JSON parse error, premature end of input");
    CHECK(apply("device", "plain") == "Parameter 'id' is missing");
    CHECK(apply("device", "") == "Parameter 'reader' is missing");
    CHECK(apply("server", "x") == "Expected '=' after parameter 'x'"); // its first member is no scalar
    CHECK(apply("nope", "") == "unknown option '--nope'");
}

TEST_CASE("options: what the handler refuses is the error", "[qapi][options]") {
    Recorder recorder;
    recorder.refuse = true;
    CHECK(apply_option(recorder, "device", "null-co,id=x").error().desc == "refused");
    CHECK(apply_option(recorder, "device", "help").error().desc == "refused");
}

TEST_CASE("options: help is asked for in any key=value option", "[qapi][options]") {
    CHECK(apply("device", "help") == R"(help device "")");
    CHECK(apply("device", "plain,help") == R"(help device "plain")");
    CHECK(apply("device", "plain,?") == R"(help device "plain")");
    CHECK(apply("server", "help") == R"(help server "")");
}

TEST_CASE("options: the table has syntax, help and types", "[qapi][options]") {
    const auto table = option_table();
    REQUIRE(table.size() == 6);
    CHECK(table[0].name == "device");
    CHECK(table[0].takes_value);
    CHECK(table[0].implied_key == "reader");
    CHECK(table[0].help == "add a Device, with id and the rest. There may be many");
    CHECK(table[0].syntax ==
          "[reader=]default,id=ID,low=N[,high=N]\n"
          "[reader=]plain,id=ID,low=N[,high=N]\n"
          "[reader=]2-tone,id=ID,type=circle,radius=N\n"
          "[reader=]2-tone,id=ID,type=group,children.0.*=...[,root.name=NAME][,root.left.*=...]"
          "[,root.right.*=...][,root.more.0.*=...][,root.ref=REF|root.ref.*=...][,root.shape.*=...]\n"
          "[reader=]null-co,id=ID");
    REQUIRE(table[0].types.size() == 4);
    CHECK(table[0].types[1].name == "default");
    REQUIRE(table[0].types[1].members.size() == 2);
    CHECK(table[0].types[1].members[0].name == "high");
    CHECK(table[0].types[1].members[0].optional);
    CHECK(table[0].types[1].members[1].type == "int");
    CHECK(table[0].types[2].members.empty());
    CHECK(table[2].syntax ==
          "addr.type=circle,addr.radius=N[,backlog=N][,max.low=N][,max.high=N][,names.0=NAMES...]"
          "[,rate=SIZE|rate=on|off][,any-of=ANY-OF|any-of.*=...|any-of.0=N...]\n"
          "addr.type=group,addr.children.0.*=...[,addr.root.name=NAME][,addr.root.left.*=...]"
          "[,addr.root.right.*=...][,addr.root.more.0.*=...][,addr.root.ref=REF|addr.root.ref.*=...]"
          "[,addr.root.shape.*=...][,backlog=N][,max.low=N][,max.high=N][,names.0=NAMES...]"
          "[,rate=SIZE|rate=on|off][,any-of=ANY-OF|any-of.*=...|any-of.0=N...]");
    CHECK(table[2].implied_key.empty());
    CHECK(table[4].syntax == "PIDFILE");
    CHECK_FALSE(table[5].takes_value);
    CHECK(table[5].syntax.empty());
}
