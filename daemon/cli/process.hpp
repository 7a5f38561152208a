// SPDX-License-Identifier: Apache-2.0
//
// What the process as a whole needs of its surroundings: limits, signals, a log, a word to the service
// manager.
//
// Thread: main thread.
#pragma once

namespace iothreadd {

/// Before anything is built: raise the limit of open files to the hard one (each IOThread has a ring, each
/// client a socket), ignore SIGPIPE, and let the log go to stderr, or to syslog when nobody will see that.
void prepare_process(bool in_background);

/// Tell systemd about a change of state; nothing happens under another parent.
/// Source: sd_notify(3).
void notify_service_manager(const char *state);

} // namespace iothreadd
