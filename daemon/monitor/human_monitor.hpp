// SPDX-License-Identifier: Apache-2.0
//
// The human monitor: commands as a person types them, answered with text. Its `info` commands show what the
// query commands of QMP return.
//
// Thread: main thread.  Source: QEMU's human monitor, as its users know it.
#pragma once

#include <string>
#include <string_view>

namespace iothreadd {

struct QmpContext;

/// Run one command line and return what it prints, lines ended by LF. Faults are part of the text.
std::string run_human_command(QmpContext &context, std::string_view command_line);

} // namespace iothreadd
