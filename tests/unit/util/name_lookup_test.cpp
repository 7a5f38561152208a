// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/name_lookup.hpp"
#include "daemon/util/run_alone.hpp"
#include "daemon/util/run_blocking.hpp"
#include "tests/unit/name_gate.hpp"

#include <boost/asio/co_spawn.hpp>

#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

using Answer = std::optional<Result<TcpAddresses>>;

/// Asks in an event loop of its own.
class Asker {
public:
    void ask(std::string host, Answer &answer) {
        auto asking = look_up_host(std::move(host), "80", 0);
        boost::asio::co_spawn(io, std::move(asking),
                              [&answer](const std::exception_ptr &, Result<TcpAddresses> found) {
                                  answer.emplace(std::move(found));
                              });
        step();
    }
    void step() {
        io.restart();
        io.poll();
    }
    bool wait_until(const std::function<bool()> &reached) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (!reached() && std::chrono::steady_clock::now() < deadline) {
            io.restart();
            io.run_for(std::chrono::milliseconds{1});
        }
        return reached();
    }

    boost::asio::io_context io;
};

int look_up_threads() {
    int found = 0;
    for (const auto &task : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string name;
        std::getline(std::ifstream{task.path() / "comm"}, name);
        found += name == "blocking call";
    }
    return found;
}

std::string first_of(const Answer &answer) {
    return *answer ? (*answer)->front().address().to_string() : answer->error().desc;
}

std::string found(const std::string &host, const std::string &port) {
    auto asking = look_up_host(host, port, 0);
    return first_of(run_alone(std::move(asking)));
}

} // namespace

TEST_CASE("look_up_host: an address is there at once", "[util]") {
    const auto host = GENERATE("192.0.2.1", "::1", "");
    Asker asker;
    Answer answer;
    asker.ask(host, answer);
    REQUIRE(answer);
    CHECK(answer->has_value());
}

TEST_CASE("look_up_host: names, and what is none", "[util]") {
    CHECK(found("localhost", "80") == "127.0.0.1");
    CHECK(found("other.invalid", "80") == ::gai_strerror(EAI_NONAME));
    CHECK(found("127.0.0.1", "no-such-service") == ::gai_strerror(EAI_SERVICE));
    auto asking = look_up_host("several", "80", 0);
    const auto several = run_alone(std::move(asking)).value();
    REQUIRE(several.has_value());
    CHECK(several->size() == 2);
    CHECK(several->back().port() == 80);
}

TEST_CASE("look_up_host: a name server that does not answer is in nobody's way", "[util]") {
    NameGate gate;
    Asker asker;
    Answer slow, missing, quick;
    asker.ask("slow", slow);
    asker.ask("slow.invalid", missing);
    asker.ask("localhost", quick);
    REQUIRE(asker.wait_until([&] { return quick.has_value(); }));
    CHECK(first_of(quick) == "127.0.0.1");
    CHECK_FALSE(slow);
    CHECK_FALSE(missing);
    gate.open();
    REQUIRE(asker.wait_until([&] { return slow && missing; }));
    CHECK(first_of(slow) == "127.0.0.1");
    CHECK(first_of(missing) == ::gai_strerror(EAI_NONAME));
    CHECK(asker.wait_until([] { return look_up_threads() == 0; }));
}

TEST_CASE("look_up_host: beyond the limit names wait for their turn", "[util]") {
    NameGate gate;
    Asker asker;
    std::vector<Answer> slow(kMaxBlockingCalls);
    for (Answer &answer : slow)
        asker.ask("slow", answer);
    Answer late, later;
    asker.ask("localhost", late);
    {
        Asker gone; // it takes no turn
        asker.ask("localhost", later);
        Answer forgotten;
        gone.ask("slow", forgotten);
    }
    REQUIRE(asker.wait_until([] { return look_up_threads() == kMaxBlockingCalls; }));
    asker.step();
    CHECK_FALSE(late);
    gate.open();
    REQUIRE(asker.wait_until([&] { return late && later; }));
    REQUIRE(asker.wait_until([&] { return std::ranges::all_of(slow, &Answer::has_value); }));
    CHECK(first_of(late) == "127.0.0.1");
    CHECK(asker.wait_until([] { return look_up_threads() == 0; }));
}

TEST_CASE("look_up_host: whoever asked may be gone before the answer", "[util]") {
    NameGate gate;
    Answer never;
    {
        Asker asker;
        asker.ask("slow", never);
        REQUIRE(asker.wait_until([] { return look_up_threads() == 1; }));
    }
    gate.open();
    Asker other;
    CHECK(other.wait_until([] { return look_up_threads() == 0; }));
    CHECK_FALSE(never);
}
