// SPDX-License-Identifier: Apache-2.0
//
// The commands of golden, to be defined by hand. Generated from the QAPI schema.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/json_fwd.hpp"
#include "golden/golden_types.hpp"
#include "protocol/qmp/command.hpp"
#include "protocol/qmp/awaitable_fwd.hpp"
#include "protocol/qmp/json.hpp"

namespace iothreadd {
struct QmpContext;

Result<void> qmp_paint_add(QmpContext &context, const qapi::Paint &args);
Result<qapi::Paint> qmp_paint_mix(QmpContext &context, const qapi::PaintMixArgs &args);
Result<std::vector<qapi::Tint>> qmp_paint_list(QmpContext &context);
Result<void> qmp_ratio_set(QmpContext &context, const qapi::PaintRatio &args);
Awaitable<Result<void>> qmp_tint_add(QmpContext &context, const qapi::Tint &args);
Result<qapi::Level> qmp_get_level(QmpContext &context);
Result<QmpReply> qmp_get_anything(QmpContext &context, const Json &arguments);
Result<void> qmp_wash(QmpContext &context);

} // namespace iothreadd
