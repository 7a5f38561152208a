// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/file_chardev.hpp"

#include <fcntl.h>

#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

constexpr mode_t kNewFileMode = 0666; // the umask takes its part

Result<UniqueFd> open_file(const std::string &path, int flags) {
    UniqueFd fd{::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kNewFileMode)};
    if (!fd)
        return generic_error("Could not open '{}': {}", path, std::generic_category().message(errno));
    return fd;
}

} // namespace

Result<FileChardev::Files> FileChardev::open(const std::string &output,
                                             const std::optional<std::string> &input, bool append) {
    Files files;
    if (input) {
        auto opened = open_file(*input, O_RDONLY);
        if (!opened)
            return opened.error();
        files.input = std::move(*opened);
    }
    auto opened = open_file(output, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC));
    if (!opened)
        return opened.error();
    files.output = std::move(*opened);
    return files;
}

FileChardev::FileChardev(boost::asio::io_context &io, std::string id, std::string filename, Files files)
    : RelayedChardev(io, std::move(id)), filename_(std::move(filename)), files_(std::move(files)) {}

Result<void> FileChardev::start(Echo) {
    auto output = duplicate(files_.output.get());
    if (!output)
        return output.error();
    UniqueFd input;
    if (files_.input) {
        auto copy = duplicate(files_.input.get());
        if (!copy)
            return copy.error();
        input = std::move(*copy);
    }
    return begin(std::move(input), std::move(*output));
}

} // namespace iothreadd
