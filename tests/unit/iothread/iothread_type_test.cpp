// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread_type.hpp"

#include "qapi/iothread_types.hpp"
#include "qapi/qom_types.hpp"
#include "tests/unit/iothread/fixture.hpp"

using namespace iothreadd;

namespace {

struct TreeFixture : IOThreadFixture {
    ObjectTree tree;
    TreeFixture() { register_iothread_types(tree, pool); }

    Result<void> add(const std::string &id, qapi::IothreadProperties properties = {}) {
        qapi::ObjectOptions options;
        options.id = id;
        options.u = qapi::Case<qapi::ObjectType::iothread, qapi::IothreadProperties>{std::move(properties)};
        return tree.create("iothread", id, options);
    }
    Json get(const std::string &id, const std::string &property) {
        Object *object = *tree.resolve("/objects/" + id);
        return tree.find_property(*object, property)->get(*object);
    }
    Result<void> set(const std::string &id, const std::string &property, const Json &value) {
        Object *object = *tree.resolve("/objects/" + id);
        return tree.find_property(*object, property)->set(*object, value);
    }
};

} // namespace

TEST_CASE("iothread: object-add takes the properties over and defaults the rest", "[iothread][qom]") {
    TreeFixture fixture;
    qapi::IothreadProperties properties;
    properties.poll_max_ns = 100;
    properties.poll_weight = 0;
    REQUIRE(fixture.add("io0", properties));
    CHECK(fixture.get("io0", "poll-max-ns") == 100);
    CHECK(fixture.get("io0", "poll-weight") == 3);
    CHECK(fixture.get("io0", "thread-pool-max") == 64);
    CHECK(fixture.get("io0", "fd-monitor") == "auto");
    CHECK(fixture.pool.find("io0") != nullptr);
}

TEST_CASE("iothread: a refused object-add leaves nothing behind", "[iothread][qom]") {
    TreeFixture fixture;
    qapi::IothreadProperties out_of_range;
    out_of_range.poll_weight = 64;
    CHECK(fixture.add("io0", out_of_range).error().desc == "poll-weight value must be in range [0, 63]");
    qapi::IothreadProperties contradiction;
    contradiction.thread_pool_min = 65;
    CHECK(fixture.add("io0", contradiction).error().desc == "bad thread-pool-min/thread-pool-max values");
    CHECK(fixture.tree.objects().children().empty());
    CHECK(fixture.pool.iothreads().empty());
}

TEST_CASE("iothread: qom-set is live, and a refused value is not kept", "[iothread][qom]") {
    TreeFixture fixture;
    REQUIRE(fixture.add("io0"));
    REQUIRE(fixture.set("io0", "poll-grow", 5));
    CHECK(fixture.get("io0", "poll-grow") == 5);
    CHECK(fixture.set("io0", "poll-grow", -1).error().desc ==
          "poll-grow value must be in range [0, 9223372036854775807]");
    CHECK(fixture.get("io0", "poll-grow") == 5);
    CHECK(fixture.set("io0", "thread-pool-min", 65).error().desc ==
          "bad thread-pool-min/thread-pool-max values");
    CHECK(fixture.get("io0", "thread-pool-min") == 0);
    REQUIRE(fixture.set("io0", "poll-grow", 0));
    CHECK(fixture.get("io0", "poll-grow") == 2);
}

TEST_CASE("iothread: the policy can be changed while it runs", "[iothread][qom]") {
    TreeFixture fixture;
    qapi::IothreadProperties properties;
    properties.poll_policy = qapi::IOThreadPollPolicy::predictive;
    REQUIRE(fixture.add("io0", properties));
    CHECK(fixture.get("io0", "poll-policy") == "predictive");
    REQUIRE(fixture.set("io0", "poll-policy", "classic"));
    CHECK(fixture.get("io0", "poll-policy") == "classic");
    CHECK(fixture.get("io0", "poll-shrink") == 0);
    CHECK(fixture.set("io0", "poll-policy", "lucky").error().desc ==
          "Parameter 'poll-policy' does not accept value 'lucky'");
    CHECK(fixture.set("io0", "poll-policy", 1).error().desc ==
          "Invalid parameter type for 'poll-policy', expected: string");
    CHECK(fixture.get("io0", "poll-policy") == "classic");
    REQUIRE(fixture.set("io0", "poll-policy", "weighted"));
    CHECK(fixture.get("io0", "poll-shrink") == 2);
}

TEST_CASE("iothread: runs on the CPUs that it is given", "[iothread][qom]") {
    TreeFixture fixture;
    const CpuList all = cpu_affinity(::getpid());
    qapi::IothreadProperties properties;
    properties.cpu_affinity = CpuList{all.back(), kMaxCpu}; // and one that is not there
    REQUIRE(fixture.add("io0", properties));
    const pid_t thread = fixture.pool.find("io0")->thread_id();
    CHECK(fixture.get("io0", "cpu-affinity") == Json{all.back(), kMaxCpu});
    CHECK(cpu_affinity(thread) == CpuList{all.back()});
    CHECK(fixture.pool.stats().front().cpus == CpuList{all.back()});

    REQUIRE(fixture.set("io0", "cpu-affinity", Json{all.front()}));
    CHECK(cpu_affinity(thread) == CpuList{all.front()});
    REQUIRE(set_cpu_affinity(thread, {})); // as an operator might
    REQUIRE(fixture.set("io0", "cpu-affinity", Json{all.front()}));
    CHECK(cpu_affinity(thread) == CpuList{all.front()});
    const auto refused = [&](const Json &value) {
        return fixture.set("io0", "cpu-affinity", value).error().desc;
    };
    CHECK(refused(Json{kMaxCpu}) == "cpu-affinity: this program can use none of the CPUs 1023");
    CHECK(refused(Json{-1}) == "cpu-affinity value must be in range [0, 1023]");
    CHECK(refused(Json{kMaxCpu + 1}) == "cpu-affinity value must be in range [0, 1023]");
    CHECK(refused(Json{"0"}) == "Invalid parameter type for 'cpu-affinity', expected: array of integers");
    CHECK(refused(0) == "Invalid parameter type for 'cpu-affinity', expected: array of integers");
    CHECK(fixture.get("io0", "cpu-affinity") == Json{all.front()});
    CHECK(cpu_affinity(thread) == CpuList{all.front()});
    REQUIRE(set_cpu_affinity(thread, {})); // as an operator might
    REQUIRE(fixture.set("io0", "cpu-affinity", Json{all.front()}));
    CHECK(cpu_affinity(thread) == CpuList{all.front()});

    REQUIRE(fixture.set("io0", "cpu-affinity", Json::array()));
    CHECK(cpu_affinity(thread) == all);
}

TEST_CASE("iothread: CPUs that cannot be used leave no thread behind", "[iothread][qom]") {
    TreeFixture fixture;
    qapi::IothreadProperties properties;
    properties.cpu_affinity = CpuList{kMaxCpu};
    CHECK(fixture.add("io0", properties).error().desc ==
          "cpu-affinity: this program can use none of the CPUs 1023");
    CHECK(fixture.pool.iothreads().empty());
    CHECK(fixture.pool.stats().empty());
}

TEST_CASE("iothread: object-del refuses while somebody holds it", "[iothread][qom]") {
    TreeFixture fixture;
    REQUIRE(fixture.add("io0"));
    {
        const HolderToken token = fixture.pool.find("io0")->hold(Holder::block_export("e0"));
        CHECK(fixture.tree.remove("io0").error().desc ==
              "object 'io0' is in use, can not be deleted: held by block-export 'e0'");
    }
    CHECK(fixture.tree.remove("io0"));
    CHECK(fixture.pool.find("io0") == nullptr);
}
