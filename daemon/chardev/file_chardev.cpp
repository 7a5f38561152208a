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

Error could_not_open(const std::string &path, int error) {
    return generic_error("Could not open '{}': {}", path, std::generic_category().message(error));
}

/// Leaves what it opens as it is: something else may be refused.
Result<FdSetFile> open_file(const std::string &path, int flags, FdStore *sets) {
    FdSetFile file;
    if (sets != nullptr && FdStore::is_set_path(path)) {
        file = sets->duplicate(path, flags & O_ACCMODE);
    } else {
        file.fd.reset(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kNewFileMode));
        file.error = file.fd ? 0 : errno;
    }
    if (file.error != 0)
        return could_not_open(path, file.error);
    return file;
}

/// Read and write without waiting, and append or not.
Result<void> set_flags(const std::string &path, int fd, bool append) {
    const int others = ::fcntl(fd, F_GETFL) & ~O_APPEND;
    if (::fcntl(fd, F_SETFL, others | O_NONBLOCK | (append ? O_APPEND : 0)) != 0)
        return could_not_open(path, errno);
    return {};
}

/// A file; nothing else has a length.
Result<void> make_empty(const std::string &path, int fd) {
    if (::ftruncate(fd, 0) != 0 && errno != EINVAL)
        return could_not_open(path, errno);
    return {};
}

} // namespace

Result<FileChardev::Files> FileChardev::open(const std::string &output,
                                             const std::optional<std::string> &input, bool append,
                                             FdStore *sets) {
    Files files; // a refusal below puts back the flags of what a client sent
    if (input) {
        auto opened = open_file(*input, O_RDONLY, sets);
        if (!opened)
            return opened.error();
        files.input = std::move(opened->fd);
        files.input_use = std::move(opened->use);
    }
    auto opened = open_file(output, O_WRONLY | O_CREAT, sets);
    if (!opened)
        return opened.error();
    files.output = std::move(opened->fd);
    files.output_use = std::move(opened->use);
    if (input)
        if (auto set = set_flags(*input, files.input.get(), false); !set)
            return set.error();
    if (auto set = set_flags(output, files.output.get(), append); !set)
        return set.error();
    if (!append)
        if (auto emptied = make_empty(output, files.output.get()); !emptied)
            return emptied.error();
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
