// SPDX-License-Identifier: Apache-2.0
//
// The types of monitors: their properties, and how the command line asks for them.
//
// Thread: main thread.
#pragma once

#include "daemon/monitor/monitor_object.hpp"

#include <string>

namespace iothreadd {

namespace qapi {
struct MonitorOptions;
} // namespace qapi

/// Make `monitor-qmp` and `monitor-hmp` known. `parts` outlive the tree's objects.
void register_monitor_types(const MonitorParts &parts);

/// The first `compat_monitorN` that is free.
std::string free_monitor_id(const ObjectTree &tree);

/// The options --monitor and --mon: create such an object, named `compat_monitorN` unless it has an id.
Result<void> add_monitor(ObjectTree &tree, const qapi::MonitorOptions &options);

} // namespace iothreadd
