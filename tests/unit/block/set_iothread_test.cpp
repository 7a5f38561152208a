// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/qmp_test.hpp"

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

const std::vector<Holder> kNodeHolds = {Holder::block_node("f0")};

/// Runs where its node is at home, as an export without an iothread does.
class Follower : public TestUser {
public:
    explicit Follower(BlockNode &node) : node_(node), token_(node.hold_home(Holder::block_export("e0"))) {}
    void drain_end() override {
        TestUser::drain_end();
        token_ = node_.hold_home(Holder::block_export("e0"));
    }

private:
    BlockNode &node_;
    HolderToken token_;
};

} // namespace

TEST_CASE("x-blockdev-set-iothread: the node holds the thread until the next move", "[block][move]") {
    Qmp qmp;
    IOThread &io0 = qmp.add_iothread("io0");
    IOThread &io1 = qmp.add_iothread("io1");
    BlockNode &node = qmp.add_null("f0");
    CHECK(node.home() == nullptr);
    qmp.events.events.clear();

    CHECK(qmp.set_iothread("f0", "io0")->desc() == "");
    CHECK(node.home() == &io0);
    CHECK(io0.holders() == kNodeHolds);
    CHECK(qmp.set_iothread("f0", "io0")->desc() == ""); // there already: no second hold, no event
    CHECK(io0.holders() == kNodeHolds);
    CHECK(qmp.events.events.size() == 1);

    CHECK(qmp.set_iothread("f0", "io1")->desc() == "");
    CHECK(node.home() == &io1);
    CHECK(io0.holders().empty());
    CHECK(io1.holders() == kNodeHolds);

    SECTION("to the main loop") {
        CHECK(qmp.set_iothread("f0", std::nullopt)->desc() == "");
        CHECK(node.home() == nullptr);
    }
    SECTION("or its end") { CHECK(qmp.del("f0") == ""); }
    CHECK(io1.holders().empty());
    CHECK(qmp.events.events.size() == 4);
}

TEST_CASE("x-blockdev-set-iothread: refusals, in their order", "[block][move]") {
    Qmp qmp;
    IOThread &io0 = qmp.add_iothread("io0");
    qmp.add_iothread("io1");
    CHECK(qmp.set_iothread("nope", "nope")->desc() == "Failed to find node with node-name='nope'");
    BlockNode &node = qmp.add_null("f0");
    CHECK(qmp.set_iothread("f0", "nope")->desc() == "Cannot find iothread nope");
    CHECK(qmp.set_iothread("f0", "")->desc() == "Cannot find iothread ");
    REQUIRE(qmp.set_iothread("f0", "io0")->desc() == "");

    TestUser user;
    REQUIRE(node.attach(user));
    CHECK(qmp.set_iothread("f0", "nope")->desc() == "Node f0 is associated with a BlockBackend and could be "
                                                    "in use (use force=true to override this check)");
    CHECK(qmp.set_iothread("f0", "nope", true)->desc() == "Cannot find iothread nope");
    user.fixed = true;
    CHECK(qmp.set_iothread("f0", "io1", true)->desc() == "Cannot change iothread of active block backend");
    CHECK(qmp.set_iothread("f0", std::nullopt, true)->desc() ==
          "Cannot change iothread of active block backend");
    CHECK(qmp.set_iothread("f0", "io0", true)->desc() == ""); // where it is already
    CHECK(user.drains == 0);
    CHECK(node.home() == &io0);
    CHECK(io0.holders() == kNodeHolds); // a refused move loses nothing
    node.detach(user);
}

TEST_CASE("x-blockdev-set-iothread: by force, waits until the users are drained", "[block][move]") {
    Qmp qmp;
    IOThread &io0 = qmp.add_iothread("io0");
    IOThread &io1 = qmp.add_iothread("io1");
    BlockNode &node = qmp.add_null("f0");
    REQUIRE(qmp.set_iothread("f0", "io0")->desc() == "");
    Follower follower(node);
    TestUser other;
    follower.drain_at_once = false;
    REQUIRE(node.attach(follower));
    REQUIRE(node.attach(other));
    REQUIRE(io0.holders().size() == 2);

    auto move = qmp.set_iothread("f0", "io1", true);
    CHECK_FALSE(move->ended());
    CHECK(follower.drains == 1);
    CHECK(other.drains == 1);
    CHECK(other.resumes == 0);
    CHECK(node.home() == &io0); // until all are drained
    CHECK(io1.holders() == kNodeHolds);

    SECTION("meanwhile nobody else moves, joins or deletes it") {
        const std::string moving = "Node 'f0' is moving to another iothread";
        CHECK(qmp.set_iothread("f0", "io0", true)->desc() == moving);
        CHECK(qmp.set_iothread("f0", "io1", true)->desc() == moving);
        TestUser late;
        const auto refused = node.attach(late);
        REQUIRE(refused.has_error());
        CHECK(refused.error().desc == moving);
        CHECK(qmp.del("f0") == "Node f0 is in use");
        follower.drained();
    }
    SECTION("then all resume in the new home") {
        follower.drained();
        follower.drained(); // once more does no harm
    }
    CHECK(move->desc() == "");
    CHECK(node.home() == &io1);
    CHECK(follower.resumes == 1);
    CHECK(other.resumes == 1);
    CHECK(io0.holders().empty());
    CHECK(io1.holders() == std::vector<Holder>{Holder::block_export("e0"), Holder::block_node("f0")});

    node.detach(follower);
    node.detach(other);
    follower.drained(); // late, and harmless
    CHECK(node.home() == &io1);
    CHECK(qmp.set_iothread("f0", "io0")->desc() == ""); // it can move again
}

TEST_CASE("x-blockdev-set-iothread: a user that leaves need not be waited for", "[block][move]") {
    Qmp qmp;
    IOThread &io0 = qmp.add_iothread("io0");
    BlockNode &node = qmp.add_null("f0");
    TestUser leaver;
    leaver.drain_at_once = false;
    REQUIRE(node.attach(leaver));
    auto move = qmp.set_iothread("f0", "io0", true);
    CHECK_FALSE(move->ended());
    node.detach(leaver);
    CHECK(move->desc() == "");
    CHECK(node.home() == &io0);
    CHECK(leaver.resumes == 0);
    CHECK(qmp.del("f0") == "");
    leaver.drained(); // the node is gone; still harmless
}

TEST_CASE("x-blockdev-set-iothread: requests go on in any context after a move", "[block][move]") {
    Qmp qmp;
    IOThread &io0 = qmp.add_iothread("io0");
    BlockNode &node = qmp.add_null("f0");
    REQUIRE(qmp.set_iothread("f0", "io0")->desc() == "");
    CHECK(Loop::read(node, 0, 4096) == std::string(4096, '\0')); // here, in the main loop

    TestRequest request;
    request.op = BlockOp::flush;
    HolderToken token = node.hold_home(Holder::block_export("e0"));
    token.context().post([&] { node.submit(request); });
    std::atomic<bool> done = false;
    // complete() runs over there: look at its result there as well
    std::function<void()> look = [&] {
        if (request.result)
            done = true;
        else
            token.context().post(look);
    };
    token.context().post(look);
    while (!done)
        std::this_thread::yield();
    CHECK(*request.result == 0);
    CHECK(io0.holders().size() == 2);
}
