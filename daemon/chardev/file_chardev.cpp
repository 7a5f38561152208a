// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/file_chardev.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

constexpr mode_t kNewFileMode = 0666; // the umask takes its part

/// Do to a descriptor of an fd set what open(2) does to a file; 0 or an errno value.
int apply_flags(int fd, int flags) {
    const int append_or_not = (::fcntl(fd, F_GETFL) & ~O_APPEND) | (flags & O_APPEND);
    if (::fcntl(fd, F_SETFL, append_or_not | O_NONBLOCK) != 0)
        return errno;
    if ((flags & O_TRUNC) != 0 && ::ftruncate(fd, 0) != 0 && errno != EINVAL) // EINVAL: not a file
        return errno;
    return 0;
}

Result<FdSetFile> open_file(const std::string &path, int flags, FdStore &sets) {
    FdSetFile file;
    if (FdStore::is_set_path(path)) {
        file = sets.duplicate(path, flags & O_ACCMODE);
        if (file.fd)
            file.error = apply_flags(file.fd.get(), flags);
    } else {
        file.fd.reset(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kNewFileMode));
        file.error = file.fd ? 0 : errno;
    }
    if (file.error != 0)
        return generic_error("Could not open '{}': {}", path, std::generic_category().message(file.error));
    return file;
}

} // namespace

Result<FileChardev::Files> FileChardev::open(const std::string &output,
                                             const std::optional<std::string> &input, bool append,
                                             FdStore &sets) {
    Files files;
    if (input) {
        auto opened = open_file(*input, O_RDONLY, sets);
        if (!opened)
            return opened.error();
        files.input = std::move(opened->fd);
        files.input_use = std::move(opened->use);
    }
    auto opened = open_file(output, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), sets);
    if (!opened)
        return opened.error();
    files.output = std::move(opened->fd);
    files.output_use = std::move(opened->use);
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
