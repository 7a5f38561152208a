// SPDX-License-Identifier: Apache-2.0
//
// The events of golden. Generated from the QAPI schema.

#include "golden/golden_events.hpp"
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "golden/golden_codec.hpp"

namespace iothreadd::qapi {

void emit(EventSink &sink, const PaintEmptyEvent &) {
    sink.emit("PAINT_EMPTY", std::nullopt);
}

void emit(EventSink &sink, const PaintAddedEvent &event) {
    sink.emit("PAINT_ADDED", event_data(encode(event)));
}

void emit(EventSink &sink, const PaintDryEvent &event) {
    sink.emit("PAINT_DRY", event_data(encode(event.data)));
}

void emit(EventSink &sink, const TintAddedEvent &event) {
    sink.emit("TINT_ADDED", event_data(encode(event.data)));
}

} // namespace iothreadd::qapi
