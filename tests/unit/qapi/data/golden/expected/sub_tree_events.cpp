// SPDX-License-Identifier: Apache-2.0
//
// The events of sub_tree. Generated from the QAPI schema.

#include "golden/sub_tree_events.hpp"
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "golden/sub_tree_codec.hpp"

namespace iothreadd::qapi {

void emit(EventSink &sink, const NodeAddedEvent &event) {
    sink.emit("NODE_ADDED", event_data(encode(event)));
}

} // namespace iothreadd::qapi
