// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/hmp_monitor.hpp"

#include "daemon/iothread/iothread_pool.hpp"

#include <utility>

namespace iothreadd {

HmpMonitor::HmpMonitor(Common common, bool readline, const MonitorParts &parts)
    : MonitorObject(std::move(common), parts), readline_(readline) {}

Result<void> HmpMonitor::complete() {
    HolderToken token = parts().iothreads.hold_main(Holder::qom_object(path()));
    return open(HumanDialect{.readline = readline_}, std::move(token),
                readline_ ? Echo::by_monitor : Echo::by_terminal);
}

} // namespace iothreadd
