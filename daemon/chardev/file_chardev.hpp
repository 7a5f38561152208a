// SPDX-License-Identifier: Apache-2.0
//
// FileChardev: writes what the monitor says to a file, and takes what its client says from another one, if
// there is one. With /dev/null it is the chardev `null`.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/relayed_chardev.hpp"

namespace iothreadd {

class FileChardev final : public RelayedChardev {
public:
    struct Files {
        UniqueFd input; ///< empty: the client says nothing
        UniqueFd output;
    };

    /// Errors: `Could not open 'P': REASON`.
    static Result<Files> open(const std::string &output, const std::optional<std::string> &input,
                              bool append);

    FileChardev(boost::asio::io_context &io, std::string id, std::string filename, Files files);

    std::string filename() const override { return filename_; }

private:
    Result<void> start(Echo echo) override;

    const std::string filename_;
    const Files files_;
};

} // namespace iothreadd
