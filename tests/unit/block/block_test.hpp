// SPDX-License-Identifier: Apache-2.0
//
// What the tests of daemon/block share: a directory, an event loop with a pool, requests to wait for.
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/block/block_node.hpp"
#include "daemon/block/file_node.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "protocol/qmp/event_sink.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// A Result in a CHECK shows why it is none.
template <class T>
struct Catch::StringMaker<iothreadd::Result<T>> {
    static std::string convert(const iothreadd::Result<T> &result) {
        return result ? "a value" : result.error().desc;
    }
};

namespace iothreadd::test {

/// Below the working directory, the build tree: /tmp may be a tmpfs, which cannot do all that is tested.
class TempDir {
public:
    explicit TempDir(std::string parent = std::filesystem::current_path()) {
        path_ = parent + "/iothreadd-block-XXXXXX";
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
    }
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;
    ~TempDir() { std::filesystem::remove_all(path_); }

    std::string file(const std::string &name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

inline void write_file(const std::string &path, const std::string &content) {
    std::ofstream(path, std::ios::binary) << content;
}

inline std::string read_file(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// "" when equal, else where the first difference is: data does not belong on a terminal.
inline std::string difference(const std::string &found, const std::string &expected) {
    if (found == expected)
        return "";
    const auto at = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end()).first;
    return fmt::format("byte {} differs; found {} bytes, expected {}{}", at - found.begin(), found.size(),
                       expected.size(), found.starts_with("error ") ? " (" + found + ")" : "");
}

/// `bytes` bytes that differ from place to place.
inline std::string pattern(std::size_t bytes, unsigned seed = 1) {
    std::string text(bytes, '\0');
    for (char &byte : text) {
        seed = seed * 1664525 + 1013904223;
        byte = static_cast<char>((seed >> 24) | 1); // never 0
    }
    return text;
}

/// Keeps events.
class EventList : public EventSink {
public:
    void emit(std::string_view name, std::optional<Json> data) override {
        events.push_back(std::string(name) + " " + (data ? data->dump() : ""));
    }
    std::vector<std::string> events;
};

/// How a file node does its work. Where the kernel has no io_uring for us, all are threads.
struct Engine {
    const char *name;
    FdMonitorKind fd_monitor;
    bool never_use_ring;
};

inline const Engine kEngines[] = {{"io_uring", FdMonitorKind::automatic, false},
                                  {"threads on epoll", FdMonitorKind::epoll, false},
                                  {"threads beside a ring", FdMonitorKind::automatic, true}};

class TestRequest final : public BlockRequest {
public:
    void complete(int value) override {
        CHECK_FALSE(submitting);
        result = value;
    }
    std::optional<int> result;
    bool submitting = false;
    std::vector<iovec> buffers;
};

/// The main thread's loop, and all that nodes need to live in it.
class Loop {
public:
    explicit Loop(FdMonitorKind fd_monitor = FdMonitorKind::automatic)
        : context(make(fd_monitor)), pool(*context, events) {}

    static std::unique_ptr<AioContext> make(FdMonitorKind fd_monitor) {
        auto made = AioContext::create({.fd_monitor = fd_monitor});
        REQUIRE(made);
        return std::move(*made);
    }

    static void submit(BlockNode &node, TestRequest &request) {
        request.result.reset();
        request.submitting = true;
        node.submit(request);
        request.submitting = false;
    }
    static int wait(TestRequest &request) {
        while (!request.result)
            AioContext::current()->poll(true);
        return *request.result;
    }
    static int run(BlockNode &node, TestRequest &request) {
        submit(node, request);
        return wait(request);
    }
    static int run(BlockNode &node, BlockOp op, std::uint64_t offset_bytes = 0, std::uint64_t bytes = 0) {
        TestRequest request;
        request.op = op;
        request.offset_bytes = offset_bytes;
        request.bytes = bytes;
        return run(node, request);
    }
    static int write(BlockNode &node, std::uint64_t offset_bytes, std::string data, bool fua = false) {
        TestRequest request;
        request.op = BlockOp::write;
        request.fua = fua;
        request.offset_bytes = offset_bytes;
        request.bytes = data.size();
        request.buffers = {{data.data(), data.size()}};
        request.iov = request.buffers;
        return run(node, request);
    }
    static std::string read(BlockNode &node, std::uint64_t offset_bytes, std::size_t bytes) {
        std::string data(bytes, '!');
        TestRequest request;
        request.op = BlockOp::read;
        request.offset_bytes = offset_bytes;
        request.bytes = bytes;
        request.buffers = {{data.data(), data.size()}};
        request.iov = request.buffers;
        const int result = run(node, request);
        return result == 0 ? data : "error " + std::to_string(result);
    }

    std::unique_ptr<FileNode> open(const std::string &path, FileNode::Options options = {},
                                   BlockNodeInfo info = {}) {
        info.name = "f0";
        info.driver = "file";
        info.filename = path;
        auto file =
            FileNode::open({.filename = path, .read_only = info.read_only, .direct = info.cache_direct},
                           FileLocks::Mode::automatic);
        if (!file)
            FAIL(file.error().desc);
        return std::make_unique<FileNode>(pool, std::move(info), std::move(*file), options);
    }

    EventList events;
    std::unique_ptr<AioContext> context;
    IOThreadPool pool;
};

/// A user that does nothing but be there.
class TestUser : public BlockNodeUser {
public:
    BlockPermissions permissions() const override { return wanted; }
    bool fixes_home() const override { return fixed; }
    void drain_begin(std::function<void()> done) override {
        ++drains;
        drained = std::move(done);
        if (drain_at_once)
            drained();
    }
    void drain_end() override { ++resumes; }

    BlockPermissions wanted{};
    bool fixed = false;
    bool drain_at_once = true;
    int drains = 0;
    int resumes = 0;
    std::function<void()> drained;
};

} // namespace iothreadd::test
