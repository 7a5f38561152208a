// SPDX-License-Identifier: Apache-2.0
//
// HmpMonitor: the object `monitor-hmp`: offers the human monitor on a chardev. People are served by the main
// thread.
//
// Thread: main thread.  Source: QEMU 11.1's object of this name.
#pragma once

#include "daemon/monitor/monitor_object.hpp"

namespace iothreadd {

class HmpMonitor final : public MonitorObject {
public:
    /// Without `readline` lines are taken as they come, without prompt, echo and editing.
    HmpMonitor(Common common, bool readline, const MonitorParts &parts);

    /// Begin to serve. Errors: those of open().
    Result<void> complete() override;

    bool readline() const { return readline_; }

private:
    const bool readline_;
};

} // namespace iothreadd
