// SPDX-License-Identifier: Apache-2.0
//
// The human monitor: commands as a person types them, answered with text. Its `info` commands show what the
// query commands of QMP return.
//
// Thread: main thread.  Source: QEMU's human monitor, as its users know it.
#pragma once

#include "daemon/monitor/line_editor/candidate_list.hpp"

#include <string>
#include <string_view>

namespace iothreadd {

struct QmpContext;

/// Run one command line and return what it prints, lines ended by LF. Faults are part of the text.
std::string run_human_command(QmpContext &context, std::string_view command_line);

/// The same text with lines ended by CR LF, for a terminal.
std::string with_crlf(std::string_view text);

/// What may stand instead of the last word of a line, for somebody who types it.
Completions complete_human_command(const QmpContext &context, std::string_view line);

} // namespace iothreadd
