// SPDX-License-Identifier: Apache-2.0
//
// The QMP commands about block exports and the NBD server.
#include "daemon/block/block_node.hpp"
#include "daemon/export/export_registry.hpp"
#include "daemon/export/nbd/nbd_server.hpp"
#include "daemon/util/await_callback.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"
#include "qapi/block_export_commands.hpp"

#include <utility>
#include <variant>

namespace iothreadd {

namespace {

qapi::SocketAddress flatten(const qapi::SocketAddressLegacy &legacy) {
    return std::visit(
        []<auto Type, class Wrapper>(const qapi::Case<Type, Wrapper> &wrapped) {
            qapi::SocketAddress address;
            using Member = decltype(wrapped.data);
            address.u.emplace<static_cast<std::size_t>(Type)>(qapi::Case<Type, Member>{wrapped.data});
            return address;
        },
        legacy.u);
}

qapi::BlockExportInfo describe(const Export &which) {
    return {which.id(),           which.type(),
            which.node().name(),  which.shutting_down(),
            which.iothread_ids(), static_cast<std::int64_t>(which.connections())};
}

} // namespace

Result<void> qmp_block_export_add(QmpContext &context, const qapi::BlockExportOptions &args) {
    return context.exports.add(args);
}

Awaitable<Result<void>> qmp_block_export_del(QmpContext &context, const qapi::BlockExportDelArgs &args) {
    Result<void> accepted;
    auto start = [&](ExportRegistry::Done done) {
        accepted = context.exports.del(args.id, args.mode.value_or(qapi::BlockExportRemoveMode::safe), done);
        if (!accepted)
            done();
    };
    co_await await_callback(start);
    co_return accepted;
}

Result<std::vector<qapi::BlockExportInfo>> qmp_query_block_exports(QmpContext &context) {
    std::vector<qapi::BlockExportInfo> infos;
    for (const auto &which : context.exports.exports())
        infos.push_back(describe(*which));
    return infos;
}

Awaitable<Result<void>> qmp_nbd_server_start(QmpContext &context, const qapi::NbdServerStartArgs &args) {
    NbdServerSetup setup{flatten(args.addr),
                         args.max_connections.value_or(NbdServerSetup::kDefaultMaxConnections),
                         args.handshake_max_seconds.value_or(NbdServerSetup::kDefaultHandshakeMaxSeconds)};
    TakeFd take_fd = context.fds.taker(context.monitor);
    co_return co_await context.exports.start_nbd_server(std::move(setup), std::move(take_fd));
}

Awaitable<Result<void>> qmp_nbd_server_stop(QmpContext &context) {
    Result<void> accepted;
    auto start = [&](ExportRegistry::Done done) {
        accepted = context.exports.stop_nbd_server(done);
        if (!accepted)
            done();
    };
    co_await await_callback(start);
    co_return accepted;
}

Result<qapi::NbdServerInfo> qmp_query_nbd_server(QmpContext &context) {
    const NbdServer *const server = context.exports.nbd_server();
    if (!server)
        return qapi::NbdServerInfo{};
    return qapi::NbdServerInfo{true, server->addresses(), static_cast<std::int64_t>(server->connections()),
                               server->max_connections()};
}

} // namespace iothreadd
