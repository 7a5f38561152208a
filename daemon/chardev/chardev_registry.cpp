// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/chardev_registry.hpp"

#include "daemon/util/identifier.hpp"
#include "daemon/util/thread.hpp"

#include "qapi/char_types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace iothreadd {
namespace {

/// An id that nobody else gets while its chardev is being opened. It may outlive the registry, in a coroutine
/// that is not run to its end.
class Reserved {
public:
    Reserved(std::shared_ptr<std::set<std::string>> ids, std::string id)
        : ids_(std::move(ids)), id_(std::move(id)) {
        ids_->insert(id_);
    }
    ~Reserved() { ids_->erase(id_); }
    Reserved(const Reserved &) = delete;
    Reserved &operator=(const Reserved &) = delete;

private:
    const std::shared_ptr<std::set<std::string>> ids_;
    const std::string id_;
};

} // namespace

Result<void> ChardevRegistry::check_new(const std::string &id, const qapi::ChardevBackend &backend) const {
    if (auto checked = check_identifier("id", id); !checked)
        return checked;
    if (find(id) != nullptr || opening_->contains(id))
        return generic_error("Chardev with id '{}' already exists", id);
    if (chardevs_.size() + opening_->size() >= kMaxChardevs)
        return generic_error("Too many character devices, at most {} can exist", kMaxChardevs);
    const auto is_stdio = [](const auto &chardev) { return chardev->filename() == "stdio"; };
    if (backend.type() == qapi::ChardevBackendKind::stdio && std::ranges::any_of(chardevs_, is_stdio))
        return generic_error("cannot use stdio by multiple character devices");
    return {};
}

boost::asio::awaitable<Result<void>> ChardevRegistry::add(std::string id, qapi::ChardevBackend backend,
                                                          TakeFd take_fd) {
    assert_main_thread();
    if (auto checked = check_new(id, backend); !checked)
        co_return checked.error();
    {
        const Reserved reserved{opening_, id};
        ChardevFds fds{.take = std::move(take_fd), .sets = fds_};
        auto opened = co_await open_chardev(io_, id, backend, std::move(fds));
        if (!opened)
            co_return opened.error();
        chardevs_.push_back(std::move(*opened));
    }
    if (waits_for_client(backend))
        co_return co_await chardevs_.back()->wait_for_client();
    co_return Result<void>{};
}

Result<void> ChardevRegistry::remove(std::string_view id) {
    assert_main_thread();
    const Chardev *const chardev = find(id);
    if (chardev == nullptr)
        return generic_error("Chardev '{}' not found", id);
    if (chardev->attached())
        return generic_error("Chardev '{}' is busy", id);
    std::erase_if(chardevs_, [chardev](const auto &other) { return other.get() == chardev; });
    return {};
}

void ChardevRegistry::shut_down() {
    assert_main_thread();
    for (const auto &chardev : chardevs_)
        chardev->shut_down();
}

void ChardevRegistry::drain(std::function<void()> done) {
    assert_main_thread();
    const std::shared_ptr<void> all{
        nullptr, [&io = io_, done = std::move(done)](void *) { boost::asio::post(io, done); }};
    for (const auto &chardev : chardevs_)
        chardev->drain(all);
}

Chardev *ChardevRegistry::find(std::string_view id) const {
    const auto found = std::ranges::find(chardevs_, id, &Chardev::id);
    return found == chardevs_.end() ? nullptr : found->get();
}

} // namespace iothreadd
