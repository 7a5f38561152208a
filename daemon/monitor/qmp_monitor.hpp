// SPDX-License-Identifier: Apache-2.0
//
// QmpMonitor: the object `monitor-qmp`: offers QMP on a chardev. With an IOThread, which it holds, its
// clients are served there: bytes, parsing, out-of-band commands; other commands run on the main thread in
// any case.
//
// Thread: main thread.  Source: QEMU 11.1's object of this name; `iothread` is ours.
#pragma once

#include "daemon/monitor/monitor_object.hpp"
#include "protocol/qmp/qmp_message.hpp"

#include <optional>
#include <string>

namespace iothreadd {

class QmpMonitor final : public MonitorObject {
public:
    struct Options {
        std::optional<std::string> iothread;
        QmpStyle style = QmpStyle::compact;
    };

    QmpMonitor(Common common, Options options, const MonitorParts &parts);

    /// Begin to serve. Errors: those of open(); no such IOThread.
    Result<void> complete() override;

    const Options &options() const { return options_; }

private:
    const Options options_;
};

} // namespace iothreadd
