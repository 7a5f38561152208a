// SPDX-License-Identifier: Apache-2.0
//
// The QMP command about IOThreads.
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/util/qmp_context.hpp"
#include "qapi/iothread_commands.hpp"
#include "qapi/iothread_types.hpp"

namespace iothreadd {
namespace {

qapi::IOThreadInfo describe(const IOThreadSnapshot &iothread) {
    const IOThreadParameters &parameters = iothread.parameters;
    qapi::IOThreadInfo info{.id = iothread.id,
                            .thread_id = iothread.thread_id,
                            .poll_max_ns = parameters.poll_max_ns,
                            .poll_grow = parameters.poll_grow,
                            .poll_shrink = parameters.poll_shrink,
                            .poll_weight = parameters.poll_weight,
                            .aio_max_batch = parameters.aio_max_batch,
                            .holders = {}};
    info.holders.reserve(iothread.holders.size());
    for (const Holder &holder : iothread.holders)
        info.holders.push_back(to_qapi(holder));
    return info;
}

} // namespace

// Allows out-of-band execution: any thread.
Result<std::vector<qapi::IOThreadInfo>> qmp_query_iothreads(QmpContext &context) {
    std::vector<qapi::IOThreadInfo> infos;
    for (const IOThreadSnapshot &iothread : context.iothreads.snapshots())
        infos.push_back(describe(iothread));
    return infos;
}

} // namespace iothreadd
