// SPDX-License-Identifier: Apache-2.0
//
// QmpContext: what a command may touch. Each qmp_*() handler gets one; there are no singletons to reach for.
//
// Thread: main thread. A command that allows out-of-band execution may run in any, and touches only what says
// "any thread".  Lifetime: everything in it outlives the command, also one that waits.
#pragma once

#include <cstdint>
#include <string_view>

namespace iothreadd {

class BlockGraph;
class ChardevRegistry;
class EventSink;
class ExportRegistry;
class FdStore;
class IOThreadPool;
class MonitorServer;
class ObjectTree;
class QmpClient;
class ShutdownRequest;

struct QmpContext {
    ObjectTree &tree;
    IOThreadPool &iothreads;
    BlockGraph &graph;
    ExportRegistry &exports;
    ChardevRegistry &chardevs;
    MonitorServer &monitors;
    EventSink &events;
    ShutdownRequest &shutdown;
    FdStore &fds;
    QmpClient *client;          ///< who asks in QMP; null for the command line and for people
    std::int64_t client_id = 0; ///< who asks, as in query-clients; 0 for the command line
    std::string_view monitor{}; ///< whose client that is; empty: nobody's
};

} // namespace iothreadd
