// SPDX-License-Identifier: Apache-2.0
//
// The QMP commands about descriptors that clients send.
#include "daemon/monitor/qmp_client.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"

#include "qapi/fds_commands.hpp"

#include <utility>

namespace iothreadd {
namespace {

Result<UniqueFd> take_sent_fd(QmpContext &context) {
    if (context.client == nullptr)
        return generic_error("No file descriptor supplied via SCM_RIGHTS");
    return context.client->take_fd();
}

} // namespace

Result<void> qmp_getfd(QmpContext &context, const qapi::GetfdArgs &args) {
    auto fd = take_sent_fd(context);
    if (!fd)
        return fd.error();
    return context.fds.keep(context.monitor, args.fdname, std::move(*fd));
}

Result<void> qmp_closefd(QmpContext &context, const qapi::ClosefdArgs &args) {
    return context.fds.close(context.monitor, args.fdname);
}

Result<qapi::AddfdInfo> qmp_add_fd(QmpContext &context, const qapi::AddFdArgs &args) {
    auto fd = take_sent_fd(context);
    if (!fd)
        return fd.error();
    auto place = context.fds.add(args.fdset_id, std::move(*fd), args.opaque);
    if (!place)
        return place.error();
    return qapi::AddfdInfo{.fdset_id = place->set, .fd = place->fd};
}

Result<void> qmp_remove_fd(QmpContext &context, const qapi::RemoveFdArgs &args) {
    return context.fds.remove(args.fdset_id, args.fd);
}

Result<std::vector<qapi::FdsetInfo>> qmp_query_fdsets(QmpContext &context) {
    std::vector<qapi::FdsetInfo> infos;
    for (const auto &[id, set] : context.fds.sets()) {
        infos.push_back({.fdset_id = id, .fds = {}});
        for (const FdStore::Member &member : set.members)
            infos.back().fds.push_back({.fd = member.fd.get(), .opaque = member.opaque});
    }
    return infos;
}

} // namespace iothreadd
