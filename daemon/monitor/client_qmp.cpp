// SPDX-License-Identifier: Apache-2.0
//
// The QMP commands about clients and what they hear.
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/monitor/qmp_client.hpp"
#include "daemon/monitor/qmp_connection.hpp"
#include "daemon/util/qmp_context.hpp"

#include "qapi/monitor_commands.hpp"

#include <algorithm>
#include <cassert>

namespace iothreadd {
namespace {

qapi::MonitorTime to_qapi(std::chrono::system_clock::time_point when) {
    using namespace std::chrono;
    const auto since_epoch = floor<microseconds>(when.time_since_epoch());
    const auto whole = floor<seconds>(since_epoch);
    return {.seconds = whole.count(), .microseconds = (since_epoch - whole).count()};
}

qapi::ClientInfo to_qapi(const ClientState &state) {
    qapi::ClientInfo info;
    info.id = state.identity.id;
    info.monitor = state.identity.monitor;
    info.mode = state.human ? qapi::MonitorMode::readline : qapi::MonitorMode::control;
    info.role = state.identity.permit.role;
    if (const auto &peer = state.identity.permit.peer) {
        if (peer->pid != 0)
            info.pid = peer->pid;
        info.uid = peer->uid;
        info.gid = peer->gid;
    }
    info.since = to_qapi(state.since);
    if (state.capabilities) {
        info.capabilities.emplace();
        for (const std::string_view name : *state.capabilities)
            info.capabilities->push_back(*qapi::qmp_capability_from_string(name));
    }
    info.events = state.events;
    info.commands = static_cast<std::int64_t>(state.commands);
    info.bytes_in = static_cast<std::int64_t>(state.traffic.bytes_in);
    info.bytes_out = static_cast<std::int64_t>(state.traffic.bytes_out);
    info.queued_bytes = static_cast<std::int64_t>(state.traffic.waiting_bytes);
    info.events_dropped = static_cast<std::int64_t>(state.events_dropped);
    return info;
}

} // namespace

// Allows out-of-band execution: any thread.
Result<std::vector<qapi::ClientInfo>> qmp_query_clients(QmpContext &context) {
    std::vector<qapi::ClientInfo> infos;
    for (const ClientState &state : context.monitors.clients()) {
        infos.push_back(to_qapi(state));
        infos.back().self = state.identity.id == context.client_id;
    }
    return infos;
}

// Allows out-of-band execution: any thread.
Result<void> qmp_client_disconnect(QmpContext &context, const qapi::ClientDisconnectArgs &args) {
    return context.monitors.disconnect(args.id, context.client_id);
}

Result<void> qmp_set_event_filter(QmpContext &context, const qapi::SetEventFilterArgs &args) {
    assert(context.client != nullptr);
    const auto known = context.monitors.api().events;
    for (const std::string &name : args.events.value_or(std::vector<std::string>{}))
        if (!std::ranges::binary_search(known, std::string_view{name}))
            return generic_error("Event '{}' not found", name);
    context.client->set_event_filter(args.events);
    return {};
}

Result<qapi::EventHistory> qmp_query_events_since(QmpContext &context,
                                                  const qapi::QueryEventsSinceArgs &args) {
    const EventHistory &kept = context.monitors.event_history();
    if (args.seq < 0 || args.seq > kept.last_seq())
        return generic_error("Parameter 'seq' must be from 0 to {}, the number of the last event",
                             kept.last_seq());
    qapi::EventHistory history;
    history.instance = kept.instance();
    history.last_seq = kept.last_seq();
    for (const EventHistory::Record &record : kept.records()) {
        if (record.seq <= args.seq)
            continue;
        history.events.push_back({.seq = record.seq,
                                  .event = record.event.name,
                                  .timestamp = to_qapi(record.event.when),
                                  .data = record.event.data});
    }
    history.missed = kept.last_seq() - args.seq - static_cast<std::int64_t>(history.events.size());
    return history;
}

} // namespace iothreadd
