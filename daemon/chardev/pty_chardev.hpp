// SPDX-License-Identifier: Apache-2.0
//
// PtyChardev: a terminal that we make. Whoever opens its path, such as /dev/pts/3, is the client until he
// closes it. Who is refused has to close it before the next one can come.
//
// Thread: main thread.  Source: pty(7); while nobody has the other side open the master reports a hang-up.
#pragma once

#include "daemon/chardev/relayed_chardev.hpp"

namespace iothreadd {

class PtyChardev final : public RelayedChardev {
public:
    struct Terminal {
        UniqueFd master;
        UniqueFd openings; ///< an inotify(7) descriptor: tells when somebody opens or closes the path
        std::string path;
    };

    /// Errors: no terminals or descriptors left.
    static Result<Terminal> open();

    PtyChardev(boost::asio::io_context &io, std::string id, Terminal terminal);

    std::string filename() const override { return "pty:" + terminal_.path; }
    std::optional<std::string> pty() const override { return terminal_.path; }

private:
    struct Openings;

    Result<void> start(Echo echo) override;
    void stop() override;
    void client_over(Over how) override;
    bool is_open() const;
    void await_opening();
    void await_closing();
    void forget_input() const;
    void begin_client();

    Terminal terminal_;
    std::shared_ptr<Openings> openings_; ///< while it waits
};

} // namespace iothreadd
