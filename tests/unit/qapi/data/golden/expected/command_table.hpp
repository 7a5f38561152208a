// SPDX-License-Identifier: Apache-2.0
//
// Every command of the schema, sorted by name. Generated from the QAPI schema.
#pragma once

#include "protocol/qmp/command_handler.hpp"

#include <span>

namespace iothreadd {

/// All commands, sorted by name.
std::span<const CommandInfo> command_table();
/// Their handlers, in the same order.
std::span<const CommandHandler> command_handlers();

} // namespace iothreadd
