// SPDX-License-Identifier: Apache-2.0
//
// FileChardev: writes what the monitor says to a file, and takes what its client says from another one, if
// there is one. With /dev/null it is the chardev `null`.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/relayed_chardev.hpp"
#include "daemon/util/fd_store.hpp"

namespace iothreadd {

class FileChardev final : public RelayedChardev {
public:
    struct Files {
        UniqueFd input; ///< empty: the client says nothing
        UniqueFd output;
        FdSetUse input_use{}; ///< of a file in an fd set
        FdSetUse output_use{};
    };

    /// Either path may be that of one of the fd `sets`; without them it runs in any thread. It may take long.
    /// Errors: `Could not open 'P': REASON`.
    static Result<Files> open(const std::string &output, const std::optional<std::string> &input, bool append,
                              FdStore *sets);

    FileChardev(boost::asio::io_context &io, std::string id, std::string filename, Files files);

    std::string filename() const override { return filename_; }

private:
    Result<void> start(Echo echo) override;

    const std::string filename_;
    const Files files_;
};

} // namespace iothreadd
