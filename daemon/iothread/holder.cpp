// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/holder.hpp"

#include "qapi/iothread_types.hpp"

#include <fmt/format.h>

namespace iothreadd {
namespace {

template <qapi::IOThreadHolderKind kind, class T>
qapi::IOThreadHolder make(T branch) {
    qapi::IOThreadHolder holder;
    holder.u = qapi::Case<kind, T>{std::move(branch)};
    return holder;
}

} // namespace

std::string describe(const Holder &holder) {
    return fmt::format("{} '{}'", to_string(to_qapi(holder).type()), holder.name);
}

qapi::IOThreadHolder to_qapi(const Holder &holder) {
    using Kind = qapi::IOThreadHolderKind;
    switch (holder.kind) {
    case Holder::Kind::qom_object:
        return make<Kind::qom_object>(qapi::IOThreadHolderQomObject{.qom_path = holder.name});
    case Holder::Kind::block_node:
        return make<Kind::block_node>(qapi::IOThreadHolderBlockNode{.node_name = holder.name});
    case Holder::Kind::block_export:
        return make<Kind::block_export>(qapi::IOThreadHolderBlockExport{.export_name = holder.name});
    }
    return {};
}

} // namespace iothreadd
