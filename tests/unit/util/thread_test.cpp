// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/thread.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>

using namespace iothreadd;

TEST_CASE("is_main_thread: true for the first thread only", "[util]") {
    CHECK(is_main_thread());
    bool other = true;
    std::thread{[&] { other = is_main_thread(); }}.join();
    CHECK(!other);
}

TEST_CASE("set_thread_name: a long name is cut to what the kernel shows", "[util]") {
    char shown[16] = {};
    std::thread{[&] {
        set_thread_name("IO a-very-long-iothread-id");
        pthread_getname_np(pthread_self(), shown, sizeof shown);
    }}.join();
    CHECK(std::string{shown} == "IO a-very-long-");
}
