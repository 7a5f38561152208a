// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/export_registry.hpp"

#include "daemon/block/block_graph.hpp"
#include "daemon/export/nbd/nbd_export.hpp"
#include "daemon/export/nbd/nbd_listener.hpp"
#include "daemon/export/nbd/nbd_server.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/util/identifier.hpp"
#include "daemon/util/thread.hpp"
#include "protocol/nbd/constants.hpp"
#include "qapi/block_export_events.hpp"

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>
#include <variant>

namespace iothreadd {

namespace {

Result<std::vector<IOThread *>> find_iothreads(const IOThreadPool &pool,
                                               const std::optional<qapi::BlockExportIothreads> &wanted) {
    std::vector<IOThread *> found;
    if (!wanted)
        return found;
    const auto *const many = std::get_if<std::vector<std::string>>(&wanted->u);
    const auto names = many ? *many : std::vector{std::get<std::string>(wanted->u)};
    if (names.empty())
        return generic_error("The set of I/O threads must not be empty");
    for (const std::string &name : names) {
        IOThread *const iothread = pool.find(name);
        if (!iothread)
            return generic_error("iothread \"{}\" not found", name);
        if (std::find(found.begin(), found.end(), iothread) != found.end())
            return generic_error("duplicate iothread \"{}\"", name);
        found.push_back(iothread);
    }
    return found;
}

} // namespace

ExportRegistry::ExportRegistry(boost::asio::io_context &io, IOThreadPool &iothreads, BlockGraph &graph,
                               EventSink &events)
    : io_(io), iothreads_(iothreads), graph_(graph), events_(events) {}

ExportRegistry::~ExportRegistry() {
    assert_main_thread();
    assert(exports_.empty() && !nbd_server_);
}

Export *ExportRegistry::find(std::string_view id) const {
    const auto found = std::find_if(exports_.begin(), exports_.end(),
                                    [&](const auto &candidate) { return candidate->id() == id; });
    return found == exports_.end() ? nullptr : found->get();
}

Result<ExportSetup> ExportRegistry::check_setup(const qapi::BlockExportOptions &options) const {
    const bool several = options.iothread && options.iothread->u.index() == 1;
    const bool writable = options.writable.value_or(false);
    if (options.fixed_iothread.value_or(false) && several)
        return generic_error("Cannot use fixed-iothread for a multi-threaded export");
    if (!is_identifier(options.id))
        return generic_error("Invalid block export id");
    if (find(options.id))
        return generic_error("Block export id '{}' is already in use", options.id);
    BlockNode *const node = graph_.find(options.node_name);
    if (!node)
        return generic_error("Cannot find device='' nor node-name='{}'", options.node_name);
    if (writable && node->read_only())
        return generic_error("Cannot export read-only node as writable");
    auto iothreads = find_iothreads(iothreads_, options.iothread);
    if (!iothreads)
        return iothreads.error();
    return ExportSetup{options.id,
                       *node,
                       std::move(*iothreads),
                       options.fixed_iothread.value_or(false),
                       writable,
                       options.writethrough.value_or(false)};
}

Result<void> ExportRegistry::add(const qapi::BlockExportOptions &options) {
    assert_main_thread();
    auto setup = check_setup(options);
    if (!setup)
        return setup.error();
    return add_nbd(std::move(*setup), std::get<0>(options.u));
}

Result<void> ExportRegistry::add_nbd(ExportSetup setup, const qapi::BlockExportOptionsNbd &options) {
    const std::string name = options.name.value_or(setup.node.name());
    const std::string description = options.description.value_or("");
    auto nbd_export = std::make_unique<NbdExport>(std::move(setup), name, description, iothreads_);
    if (auto attached = nbd_export->attach_node(); !attached)
        return attached;
    if (!nbd_server_ || nbd_server_stopping_)
        return generic_error("NBD server not running");
    if (name.size() > nbd::kMaxStringBytes)
        return generic_error("export name '{}' too long", name);
    if (description.size() > nbd::kMaxStringBytes)
        return generic_error("description '{}' too long", description);
    if (nbd_server_->find(name))
        return generic_error("NBD server already has export named '{}'", name);
    nbd_export->hold_contexts();
    nbd_export->publish(*nbd_server_);
    exports_.insert(exports_.begin(), std::move(nbd_export));
    return {};
}

Result<void> ExportRegistry::del(std::string_view id, qapi::BlockExportRemoveMode mode, Done done) {
    assert_main_thread();
    Export *const found = find(id);
    if (!found)
        return generic_error("Export '{}' is not found", id);
    if (found->shutting_down())
        return generic_error("Export '{}' is already shutting down", id);
    if (mode == qapi::BlockExportRemoveMode::safe && found->in_use()) {
        Error error = generic_error("export '{}' still in use", id);
        error.hint = "Use mode='hard' to force client disconnect";
        return error;
    }
    end(*found, ExportEnd::cut, std::move(done));
    return {};
}

void ExportRegistry::end(Export &which, ExportEnd how, Done done) {
    which.shut_down(how, [this, &which, done = std::move(done)] {
        const qapi::BlockExportDeletedEvent event{which.id()};
        std::erase_if(exports_, [&](const auto &candidate) { return candidate.get() == &which; });
        qapi::emit(events_, event);
        if (done)
            done();
        settle();
    });
}

void ExportRegistry::end_all(ExportEnd how) {
    std::vector<Export *> going;
    for (const auto &candidate : exports_) {
        if (!candidate->shutting_down())
            going.push_back(candidate.get());
    }
    for (Export *const which : going)
        end(*which, how, nullptr);
}

Awaitable<Result<void>> ExportRegistry::start_nbd_server(NbdServerSetup setup, TakeFd take_fd) {
    assert_main_thread();
    if (nbd_server_ || !nbd_server_starting_.expired())
        co_return generic_error("NBD server already running");
    const std::shared_ptr<void> starting = std::make_shared<int>();
    nbd_server_starting_ = starting;
    auto listeners = co_await open_nbd_listeners(setup.address, std::move(take_fd));
    if (!listeners)
        co_return listeners.error();
    if (ended_)
        co_return generic_error("The program is ending");
    nbd_server_ = NbdServer::start(io_, setup, std::move(*listeners));
    co_return Result<void>{};
}

Result<void> ExportRegistry::stop_nbd_server(Done done) {
    assert_main_thread();
    if (!nbd_server_ || nbd_server_stopping_)
        return generic_error("NBD server not running");
    nbd_server_stopped_ = std::move(done);
    stop_accepting();
    end_all(ExportEnd::cut);
    return {};
}

void ExportRegistry::shutdown(Done done) {
    assert_main_thread();
    shut_down_ = std::move(done);
    ended_ = true;
    if (nbd_server_ && !nbd_server_stopping_)
        stop_accepting();
    end_all(ExportEnd::finish);
    settle();
}

void ExportRegistry::stop_accepting() {
    nbd_server_stopping_ = true;
    nbd_server_->stop([this] {
        nbd_server_quiet_ = true;
        settle();
    });
}

/// After anything that ended: is that what somebody waits for?
void ExportRegistry::settle() {
    if (!exports_.empty())
        return;
    if (nbd_server_quiet_) {
        nbd_server_.reset();
        nbd_server_stopping_ = nbd_server_quiet_ = false;
        if (const auto stopped = std::exchange(nbd_server_stopped_, nullptr))
            stopped();
    }
    if (nbd_server_)
        return;
    if (const auto done = std::exchange(shut_down_, nullptr))
        done();
}

} // namespace iothreadd
