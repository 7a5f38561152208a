// SPDX-License-Identifier: Apache-2.0
//
// HmpConnection: a client of the human monitor: a line editor on top of his bytes, and what his commands
// print.
//
// Thread: its home is the main thread.
#pragma once

#include "daemon/monitor/client_connection.hpp"
#include "daemon/monitor/line_editor/line_editor.hpp"

namespace iothreadd {

class MonitorServer;

class HmpConnection final : public ClientConnection {
public:
    HmpConnection(Setup setup, MonitorServer &server, bool readline);

    ClientState state() const override;

private:
    bool step() override;
    bool wants_input() override { return true; }
    void receive(std::string_view bytes) override { editor_.feed(bytes); }
    void input_ended() override {}
    bool begun() override { return true; }
    bool done() override { return true; }
    void show(std::string text);

    MonitorServer &server_;
    LineEditor editor_;
};

} // namespace iothreadd
