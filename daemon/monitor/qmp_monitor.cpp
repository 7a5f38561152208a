// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_monitor.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"

#include <utility>

namespace iothreadd {

QmpMonitor::QmpMonitor(Common common, Options options, const MonitorParts &parts)
    : MonitorObject(std::move(common), parts), options_(std::move(options)) {}

Result<void> QmpMonitor::complete() {
    IOThreadPool &iothreads = parts().iothreads;
    IOThread *const iothread = options_.iothread ? iothreads.find(*options_.iothread) : nullptr;
    if (options_.iothread && iothread == nullptr)
        return generic_error("iothread \"{}\" not found", *options_.iothread);
    const Holder holder = Holder::qom_object(path());
    HolderToken token = iothread != nullptr ? iothread->hold(holder) : iothreads.hold_main(holder);
    return open(options_.style, std::move(token), Echo::by_terminal);
}

} // namespace iothreadd
