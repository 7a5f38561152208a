// SPDX-License-Identifier: Apache-2.0
//
// The command table and its adapters: arguments in, result or error out, in both kinds of handlers.
#include "daemon/util/qmp_context.hpp"
#include "protocol/qmp/codec.hpp"
#include "qapi_test/command_table.hpp"
#include "qapi_test/introspection.hpp"
#include "qapi_test/test_codec.hpp"
#include "qapi_test/test_commands.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

namespace iothreadd {

namespace {
std::string last_call;
} // namespace

Result<void> qmp_no_args(QmpContext &) {
    last_call = "no-args";
    return {};
}

Result<void> qmp_add_device(QmpContext &, const qapi::Device &args) {
    last_call = "add-device " + args.id;
    return {};
}

Result<qapi::Limits> qmp_add_limits(QmpContext &, const qapi::Limits &args) {
    if (args.low == 0)
        return device_not_found("Device '{}' not found", "zero");
    return qapi::Limits{.low = args.low, .high = 255};
}

Result<std::string> qmp_get_text(QmpContext &, const qapi::GetTextArgs &args) {
    return args.part.value_or("all");
}
Result<Json> qmp_get_any(QmpContext &, const qapi::GetAnyArgs &args) { return args.value; }

Result<std::vector<qapi::Kind>> qmp_get_kinds(QmpContext &) {
    return std::vector{qapi::Kind::null_co, qapi::Kind::v2_tone};
}

Result<std::vector<qapi::Device>> qmp_list_devices(QmpContext &) { return std::vector<qapi::Device>(1); }
Result<QmpReply> qmp_zap_raw(QmpContext &, const Json &arguments) { return QmpReply{arguments}; }
Result<void> qmp_silent(QmpContext &) { return {}; }

boost::asio::awaitable<Result<qapi::Limits>> qmp_slow(QmpContext &, const qapi::SlowArgs &args) {
    const auto executor = co_await boost::asio::this_coro::executor;
    for (std::int64_t step = 0; step < args.steps; ++step)
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    if (args.steps < 0)
        co_return generic_error("steps is negative");
    co_return qapi::Limits{.low = static_cast<std::uint8_t>(args.steps)};
}

boost::asio::awaitable<Result<QmpReply>> qmp_slow_raw(QmpContext &, const Json &arguments) {
    co_return QmpReply{arguments};
}

} // namespace iothreadd

using namespace iothreadd;

namespace {

/// The handlers of this test look at no context.
QmpContext &no_context() {
    alignas(QmpContext) static std::byte memory[sizeof(QmpContext)];
    return *reinterpret_cast<QmpContext *>(memory);
}

std::size_t index_of(std::string_view name) {
    const auto table = command_table();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const auto &info) { return info.name == name; });
    REQUIRE(found != table.end());
    return static_cast<std::size_t>(found - table.begin());
}

std::string show(const Result<QmpReply> &reply) {
    if (reply.has_error())
        return std::string(to_string(reply.error().error_class)) + ": " + reply.error().desc;
    if (const auto *made = std::get_if<ReplyText>(&*reply))
        return Json::parse(made->text).dump();
    return std::get<Json>(*reply).dump();
}

std::string call(std::string_view name, const char *arguments) {
    const CommandHandler &handler = command_handlers()[index_of(name)];
    REQUIRE(handler.sync);
    return show(handler.sync(no_context(), Json::parse(arguments)));
}

std::string await(std::string_view name, const char *text) {
    const CommandHandler &handler = command_handlers()[index_of(name)];
    REQUIRE(handler.coroutine);
    const Json arguments = Json::parse(text);
    boost::asio::io_context io;
    std::string shown;
    auto coroutine = handler.coroutine(no_context(), arguments);
    boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr error, Result<QmpReply> reply) {
        shown = error ? "exception" : show(reply);
    });
    io.run();
    return shown;
}

} // namespace

TEST_CASE("command table: is sorted and has every command whose condition holds", "[qapi]") {
    std::vector<std::string_view> names;
    for (const CommandInfo &info : command_table())
        names.push_back(info.name);
    CHECK(names == std::vector<std::string_view>{"add-device", "add-limits", "get-any", "get-kinds",
                                                 "get-text", "list-devices", "no-args", "silent", "slow",
                                                 "slow-raw", "zap_raw"});
    REQUIRE(command_handlers().size() == names.size());
    for (std::size_t index = 0; index < names.size(); ++index) {
        const bool coroutine = (command_table()[index].flags & kCoroutine) != 0;
        CHECK((command_handlers()[index].coroutine != nullptr) == coroutine);
        CHECK((command_handlers()[index].sync != nullptr) == !coroutine);
    }
}

TEST_CASE("command table: flags come from the schema", "[qapi]") {
    const auto flags = [](std::string_view name) { return command_table()[index_of(name)].flags; };
    CHECK(flags("no-args") == 0);
    CHECK(flags("get-kinds") == kAllowOob);
    CHECK(flags("list-devices") == kUnstable);
    CHECK(flags("zap_raw") == kDeprecated);
    CHECK(flags("silent") == kNoSuccessResponse);
    CHECK(flags("slow") == (kCoroutine | kAllowPreconfig));
}

TEST_CASE("adapters: decode arguments and encode results", "[qapi]") {
    CHECK(call("no-args", "{}") == "{}");
    CHECK(last_call == "no-args");
    CHECK(call("add-device", R"({"reader": "null-co", "id": "x"})") == "{}");
    CHECK(last_call == "add-device x");
    CHECK(call("add-limits", R"({"low": 1})") == R"({"high":255,"low":1})");
    CHECK(call("get-text", "{}") == R"("all")");
    CHECK(call("get-text", R"({"part": "one"})") == R"("one")");
    CHECK(call("get-any", R"({"value": null})") == "null");
    CHECK(call("get-kinds", "{}") == R"(["null-co","2-tone"])");
    CHECK(call("list-devices", "{}") == R"([{"id":"","low":0,"reader":"plain"}])");
    CHECK(call("zap_raw", R"({"anything": [1]})") == R"({"anything":[1]})");
}

TEST_CASE("adapters: a refusal of either kind is the reply, and bad arguments call nothing", "[qapi]") {
    last_call.clear();
    CHECK(call("no-args", R"({"x": 1})") == "GenericError: Parameter 'x' is unexpected");
    CHECK(call("add-device", R"({"reader": "null-co"})") == "GenericError: Parameter 'id' is missing");
    CHECK(last_call.empty());
    CHECK(call("add-limits", R"({"low": 0})") == "DeviceNotFound: Device 'zero' not found");
    CHECK(call("get-any", "{}") == "GenericError: Parameter 'value' is missing");
}

TEST_CASE("adapters: a coroutine may take its time", "[qapi]") {
    CHECK(await("slow", R"({"steps": 3})") == R"({"low":3})");
    CHECK(await("slow", R"({"steps": -1})") == "GenericError: steps is negative");
    CHECK(await("slow", R"({"steps": "x"})") ==
          "GenericError: Invalid parameter type for 'steps', expected: integer");
    CHECK(await("slow-raw", R"({"low": "raw"})") == R"({"low":"raw"})");
}
