// SPDX-License-Identifier: Apache-2.0
//
// ShutdownRequest: how a command or a signal asks the daemon to end. main() implements it: it announces the
// end, lets the servers take no more commands, and stops the main loop; what is being served drains after
// that.
//
// Thread: main thread.
#pragma once

#include <string_view>

namespace iothreadd {

/// Reasons of the SHUTDOWN event.  Source: QAPI enum ShutdownCause.
inline constexpr std::string_view kShutdownByQuit = "host-qmp-quit";
inline constexpr std::string_view kShutdownBySignal = "host-signal";

class ShutdownRequest {
public:
    virtual ~ShutdownRequest() = default;
    /// Ask for an orderly end; the second and later requests change nothing. Returns at once.
    virtual void request(std::string_view reason) = 0;
};

} // namespace iothreadd
