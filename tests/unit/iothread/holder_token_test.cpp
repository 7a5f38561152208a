// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/holder_token.hpp"

#include "tests/unit/iothread/fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

using namespace iothreadd;

TEST_CASE("HolderToken: holding appears in the list at once, newest first", "[iothread][holder]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    CHECK(io0->holders().empty());
    const HolderToken node = io0->hold(Holder::block_node("n0"));
    const HolderToken exported = io0->hold(Holder::block_export("e0"));
    CHECK(io0->holders() == std::vector{Holder::block_export("e0"), Holder::block_node("n0")});
    CHECK(node.iothread() == io0.get());
    CHECK(node.holder() == Holder::block_node("n0"));
}

TEST_CASE("HolderToken: its end removes exactly its own entry", "[iothread][holder]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    auto first = std::make_unique<HolderToken>(io0->hold(Holder::block_export("e0")));
    auto twin = std::make_unique<HolderToken>(io0->hold(Holder::block_export("e0")));
    const HolderToken other = io0->hold(Holder::qom_object("/machine/peripheral/blk0/virtio-backend"));
    REQUIRE(io0->holders().size() == 3);
    first.reset();
    CHECK(io0->holders() == std::vector{Holder::qom_object("/machine/peripheral/blk0/virtio-backend"),
                                        Holder::block_export("e0")});
    twin.reset();
    CHECK(io0->holders().size() == 1);
}

TEST_CASE("HolderToken: a move keeps the entry, an assignment swaps holds without a gap",
          "[iothread][holder]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    const auto io1 = fixture.make("io1");
    {
        HolderToken token = io0->hold(Holder::block_node("n0"));
        HolderToken moved{std::move(token)};
        CHECK(io0->holders().size() == 1);
        fixture.events.all.clear();
        moved = io1->hold(Holder::block_node("n0"));
        CHECK(io0->holders().empty());
        CHECK(io1->holders() == std::vector{Holder::block_node("n0")});
        REQUIRE(fixture.events.all.size() == 2);
        CHECK(fixture.events.all[0] ==
              R"(IOTHREAD_HOLDER_ADDED {"holder":{"node-name":"n0","type":"block-node"},"iothread":"io1"})");
        CHECK(
            fixture.events.all[1] ==
            R"(IOTHREAD_HOLDER_REMOVED {"holder":{"node-name":"n0","type":"block-node"},"iothread":"io0"})");
    }
    CHECK(io1->holders().empty());
}

TEST_CASE("HolderToken: the main loop has no list and announces nothing", "[iothread][holder]") {
    IOThreadFixture fixture;
    const HolderToken token = fixture.pool.hold_main(Holder::block_export("e0"));
    CHECK(token.iothread() == nullptr);
    CHECK(&token.context() == fixture.main_context.get());
    CHECK(fixture.events.all.empty());
}

TEST_CASE("HolderToken: detaching costs the same however many holders there are", "[iothread][holder]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    constexpr int kHolders = 20000; // a list searched from either end would take minutes in this build
    std::vector<HolderToken> tokens;
    tokens.reserve(kHolders);
    for (int i = 0; i < kHolders; ++i)
        tokens.push_back(io0->hold(Holder::block_export("e" + std::to_string(i))));
    REQUIRE(io0->holders().size() == kHolders);
    // Every second one, from both ends towards the middle.
    for (int i = 0; i < kHolders / 2; i += 2) {
        const HolderToken low = std::move(tokens[static_cast<std::size_t>(i)]);
        const HolderToken high = std::move(tokens[static_cast<std::size_t>(kHolders - 1 - i)]);
    }
    const auto left = io0->holders();
    CHECK(left.size() == kHolders / 2);
    CHECK(std::ranges::find(left, Holder::block_export("e0")) == left.end());
    CHECK(std::ranges::find(left, Holder::block_export("e1")) != left.end());
}

TEST_CASE("IOThread: destroying a held one aborts with the holders' names", "[iothread][holder]") {
    int output[2];
    REQUIRE(::pipe(output) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(output[1], STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL);
        IOThreadFixture fixture;
        auto io0 = fixture.make("io0");
        auto *leaked = new HolderToken{io0->hold(Holder::block_export("e0"))};
        static_cast<void>(leaked);
        io0.reset();
        ::_exit(0);
    }
    ::close(output[1]);
    std::string text;
    char buffer[512];
    for (ssize_t got = 0; (got = ::read(output[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    ::close(output[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK_THAT(text, Catch::Contains("iothread 'io0' destroyed while held by block-export 'e0'"));
}
