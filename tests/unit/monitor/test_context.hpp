// SPDX-License-Identifier: Apache-2.0
//
// TestContext: a QmpContext for commands that touch little of it.
#pragma once

#include "daemon/monitor/monitor_server.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "qapi/options.hpp"
#include "tests/unit/untouched.hpp"

#include <boost/asio/io_context.hpp>

#include <string>
#include <vector>

namespace iothreadd::test {

class TestContext : public EventSink, public ShutdownRequest {
public:
    explicit TestContext(const QmpApi &api = {{}, {}, {}, {}, {}, option_table()}) : monitors_(io_, api) {}
    void emit(std::string_view name, std::optional<Json>) override { events.emplace_back(name); }
    void request(std::string_view reason) override { reasons.emplace_back(reason); }

    std::vector<std::string> events;
    std::vector<std::string> reasons;

private:
    Untouched untouched_;
    ObjectTree tree_;
    FdStore fds_;
    boost::asio::io_context io_;
    MonitorServer monitors_;

public:
    QmpContext context{tree_,     untouched_, untouched_, untouched_, untouched_,
                       monitors_, *this,      *this,      fds_,       nullptr};
};

} // namespace iothreadd::test
