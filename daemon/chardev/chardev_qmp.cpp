// SPDX-License-Identifier: Apache-2.0
//
// The QMP commands about character devices.
#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"

#include "qapi/char_commands.hpp"

#include <utility>

namespace iothreadd {

Awaitable<Result<qapi::ChardevReturn>> qmp_chardev_add(QmpContext &context,
                                                       const qapi::ChardevAddArgs &args) {
    ChardevRegistry &chardevs = context.chardevs;
    if (chardevs.find(args.id) != nullptr)
        co_return generic_error("Chardev with id '{}' already exists", args.id);
    TakeFd take_fd = context.fds.taker(context.monitor);
    auto added = co_await chardevs.add(args.id, args.backend, std::move(take_fd));
    if (!added)
        co_return generic_error("Failed to add chardev '{}': {}", args.id, added.error().desc);
    qapi::ChardevReturn answer;
    if (const Chardev *chardev = chardevs.find(args.id)) // unless it was removed while we waited
        answer.pty = chardev->pty();
    co_return answer;
}

Result<void> qmp_chardev_remove(QmpContext &context, const qapi::ChardevRemoveArgs &args) {
    return context.chardevs.remove(args.id);
}

Result<std::vector<qapi::ChardevInfo>> qmp_query_chardev(QmpContext &context) {
    std::vector<qapi::ChardevInfo> infos;
    for (const auto &chardev : context.chardevs.chardevs())
        infos.push_back(
            {.label = chardev->id(), .filename = chardev->filename(), .frontend_open = chardev->attached()});
    return infos;
}

} // namespace iothreadd
