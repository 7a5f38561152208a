// SPDX-License-Identifier: Apache-2.0
//
// The commands of the human monitor about objects: what object-add, object-del and qom-* are in QMP, with
// arguments as a person types them.
//
// Thread: main thread.  Source: QEMU's human monitor, as its users know it.
#pragma once

#include "daemon/monitor/line_editor/candidate_list.hpp"
#include "daemon/util/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace iothreadd {

struct QmpContext;

/// The words behind the command's name, as many as its usage has at most.
using HumanArguments = std::span<const std::string_view>;

/// `iothread,id=io0,poll-max-ns=0`, `help` or `iothread,help`, as behind the option --object.
Result<std::string> human_object_add(QmpContext &context, HumanArguments arguments);
Result<std::string> human_object_del(QmpContext &context, HumanArguments arguments);
/// Without a path, the root.
Result<std::string> human_qom_list(QmpContext &context, HumanArguments arguments);
Result<std::string> human_qom_get(QmpContext &context, HumanArguments arguments);
/// The value is converted to the type of the property.
Result<std::string> human_qom_set(QmpContext &context, HumanArguments arguments);

// What may follow on the arguments `before`: types, ids, or paths and then properties.

Completions complete_object_add(const QmpContext &context, HumanArguments before);
Completions complete_object_del(const QmpContext &context, HumanArguments before);
Completions complete_qom_list(const QmpContext &context, HumanArguments before);
Completions complete_qom_get(const QmpContext &context, HumanArguments before);
Completions complete_qom_set(const QmpContext &context, HumanArguments before);

} // namespace iothreadd
