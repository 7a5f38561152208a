// SPDX-License-Identifier: Apache-2.0
//
// StdioChardev: the terminal, or the pipes, on which the program was started. Only one can be there.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/relayed_chardev.hpp"

#include <termios.h>

namespace iothreadd {

class StdioChardev final : public RelayedChardev {
public:
    /// `signals`: whether keys such as Ctrl-C mean signals.
    StdioChardev(boost::asio::io_context &io, std::string id, bool signals);

    std::string filename() const override { return "stdio"; }

private:
    /// What we changed, to be put back: others use the same terminal after us.
    struct Before {
        std::optional<termios> terminal;
        int input_flags;
        int output_flags;
    };

    Result<void> start(Echo echo) override;
    void stop() override;
    void client_over(bool input_ended) override;
    Result<void> begin_client();
    void set_up_terminal(Echo echo);

    const bool signals_;
    std::optional<Before> before_;
};

} // namespace iothreadd
