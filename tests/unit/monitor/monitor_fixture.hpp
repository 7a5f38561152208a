// SPDX-License-Identifier: Apache-2.0
//
// MonitorFixture: monitors as objects, on chardevs in a directory of the test's own: `c` listens; and the
// IOThread `io0`.
#pragma once

#include "daemon/chardev/chardev_backend.hpp"
#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/iothread/iothread_type.hpp"
#include "daemon/monitor/monitor_factory.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/run_alone.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include "qapi/char_types.hpp"
#include "qapi/monitor_types.hpp"
#include "qapi/qom_types.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

namespace iothreadd::test {

struct MonitorFixture {
    MonitorFixture() {
        register_iothread_types(tree, iothreads);
        register_monitor_types(
            {.chardevs = chardevs, .iothreads = iothreads, .tree = tree, .server = server.server()});
        qapi::ObjectOptions options;
        options.id = "io0";
        options.u.emplace<qapi::Case<qapi::ObjectType::iothread, qapi::IothreadProperties>>();
        REQUIRE(tree.create("iothread", "io0", options).has_value());
        add_chardev("c");
    }

    void add_chardev(const std::string &id, bool listens = true) {
        qapi::ChardevOptions options;
        options.u.emplace<qapi::Case<qapi::ChardevBackendKind::socket, qapi::ChardevSocketOptions>>() = {
            {.path = dir / id, .server = listens}};
        add_chardev(id, options);
    }

    void add_chardev(const std::string &id, const qapi::ChardevOptions &options) {
        auto adding = chardevs.add(id, chardev_backend(options).value(), nullptr);
        REQUIRE(run_alone(std::move(adding)).value().has_value());
    }

    Result<void> add(const std::string &id, const std::string &chardev,
                     const std::optional<std::string> &iothread = {}) {
        return add_monitor(tree, {.chardev = chardev, .id = id, .iothread = iothread});
    }

    /// An object of a type, with the properties that differ from their defaults.
    template <qapi::ObjectType type, class Properties>
    Result<void> create(const std::string &id, const Properties &properties) {
        qapi::ObjectOptions options;
        options.id = id;
        static_cast<Properties &>(options.u.template emplace<static_cast<std::size_t>(type)>()) = properties;
        return tree.create(std::string(to_string(type)), id, options);
    }

    TestServer server;
    TempDir dir;
    ChardevRegistry chardevs{server.io(), server.fds()};
    IOThreadPool iothreads{server.home(), server.server()};
    ObjectTree tree;
};

} // namespace iothreadd::test
