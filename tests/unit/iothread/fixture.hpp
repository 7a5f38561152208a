// SPDX-License-Identifier: Apache-2.0
//
// What every test of IOThreads needs: a main context, a pool, and a sink that remembers the events.
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "protocol/qmp/event_sink.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace iothreadd {

class RecordedEvents final : public EventSink {
public:
    void emit(std::string_view name, std::optional<Json> data) override {
        all.push_back(std::string{name} + " " + (data ? data->dump() : ""));
    }
    std::vector<std::string> all;
};

struct IOThreadFixture {
    RecordedEvents events;
    std::unique_ptr<AioContext> main_context =
        std::move(*AioContext::create({.loop = AioContext::Loop::external}));
    IOThreadPool pool{*main_context, events};

    std::unique_ptr<IOThread> make(std::string id, IOThreadParameters parameters = {},
                                   FdMonitorKind fd_monitor = FdMonitorKind::automatic) {
        auto iothread = std::make_unique<IOThread>(std::move(id), parameters, fd_monitor, pool);
        REQUIRE(iothread->complete());
        return iothread;
    }
};

} // namespace iothreadd
