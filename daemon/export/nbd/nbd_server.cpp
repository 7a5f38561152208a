// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_server.hpp"

#include "daemon/export/nbd/nbd_acceptor.hpp"
#include "daemon/export/nbd/nbd_export.hpp"
#include "daemon/util/thread.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace iothreadd {

/// The server's side towards the acceptor, out of sight of the header.
class NbdServer::Host final : public NbdAcceptor::Host, public NbdDirectory {
public:
    Host(NbdServer &server, boost::asio::io_context &io, std::vector<NbdListener> listeners)
        : server_(server),
          acceptor_(io, *this, std::move(listeners),
                    std::chrono::seconds{server.setup_.handshake_max_seconds}) {}

    NbdAcceptor &acceptor() { return acceptor_; }

    const NbdDirectory &directory() const override { return *this; }
    bool has_room() const override {
        return server_.setup_.max_connections == 0 || server_.connections_ < server_.setup_.max_connections;
    }
    void handshake_begins() override { ++server_.connections_; }
    void handshake_over(UniqueFd fd, const NbdAgreement &agreement) override {
        NbdExport *const chosen = fd ? server_.find(agreement.info.name) : nullptr;
        if (chosen && chosen->info().serial == agreement.info.serial)
            chosen->serve(std::move(fd), agreement.structured);
        else
            server_.connection_over();
    }

    std::vector<NbdExportInfo> list() const override {
        std::vector<NbdExportInfo> infos;
        for (const NbdExport *const nbd_export : server_.exports_)
            infos.push_back(nbd_export->info());
        return infos;
    }
    std::optional<NbdExportInfo> find(std::string_view name) const override {
        const NbdExport *const found = server_.find(name);
        return found ? std::optional{found->info()} : std::nullopt;
    }
    bool offers_multi_conn() const override { return server_.setup_.max_connections != 1; }

private:
    NbdServer &server_;
    NbdAcceptor acceptor_;
};

NbdServer::NbdServer(const NbdServerSetup &setup) : setup_(setup) {}

NbdServer::~NbdServer() {
    assert_main_thread();
    assert(exports_.empty());
}

std::unique_ptr<NbdServer> NbdServer::start(boost::asio::io_context &io, const NbdServerSetup &setup,
                                            std::vector<NbdListener> listeners) {
    assert_main_thread();
    std::unique_ptr<NbdServer> server{new NbdServer{setup}};
    for (const NbdListener &listener : listeners)
        server->addresses_.push_back(listener.address);
    server->host_ = std::make_unique<Host>(*server, io, std::move(listeners));
    server->host_->acceptor().start();
    return server;
}

void NbdServer::stop(std::function<void()> stopped) {
    assert_main_thread();
    host_->acceptor().stop(std::move(stopped));
}

NbdExport *NbdServer::find(std::string_view name) const {
    const auto found = std::find_if(exports_.begin(), exports_.end(), [&](const NbdExport *candidate) {
        return candidate->info().name == name;
    });
    return found == exports_.end() ? nullptr : *found;
}

void NbdServer::add(NbdExport &nbd_export) {
    assert_main_thread();
    assert(!find(nbd_export.info().name));
    exports_.push_back(&nbd_export);
}

void NbdServer::remove(NbdExport &nbd_export) {
    assert_main_thread();
    std::erase(exports_, &nbd_export);
}

void NbdServer::connection_over() {
    --connections_;
    host_->acceptor().wake();
}

} // namespace iothreadd
