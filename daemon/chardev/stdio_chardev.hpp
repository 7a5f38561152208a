// SPDX-License-Identifier: Apache-2.0
//
// StdioChardev: the terminal, or the pipes, on which the program was started. Only one can be there.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/relayed_chardev.hpp"

namespace iothreadd {

class StdioChardev final : public RelayedChardev {
public:
    /// `signals`: whether keys such as Ctrl-C mean signals.
    StdioChardev(boost::asio::io_context &io, std::string id, bool signals);

    std::string filename() const override { return "stdio"; }

private:
    class Before;

    Result<void> start(Echo echo) override;
    void stop() override;
    void client_over(Over how) override;
    Result<void> begin_client();
    void set_up_terminal(Echo echo);

    const bool signals_;
    std::shared_ptr<Before> before_;      ///< while attached
    std::weak_ptr<Before> still_changed_; ///< and until what was said last is out
};

} // namespace iothreadd
