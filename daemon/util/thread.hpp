// SPDX-License-Identifier: Apache-2.0
//
// Threads: which one is this, what is it called, which signals does it get. The control plane belongs to the
// process's first thread; every public function of it says so in its first line.
//
// Thread: any.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cassert>
#include <string_view>

namespace iothreadd {

/// The kernel's limit for a thread name, without the final NUL.
inline constexpr std::size_t kThreadNameMax = 15;

/// Whether the caller is the process's first thread (the child's, after a fork).
inline bool is_main_thread() {
    thread_local const bool main = ::gettid() == ::getpid();
    return main;
}

inline void assert_main_thread() { assert(is_main_thread()); }

/// Name the calling thread as /proc and ps show it; a longer name is cut, never lost.
inline void set_thread_name(std::string_view name) {
    char text[kThreadNameMax + 1] = {};
    name.substr(0, kThreadNameMax).copy(text, kThreadNameMax);
    ::pthread_setname_np(::pthread_self(), text);
}

/// A thread that starts in this scope has every signal blocked, except those that its own faults raise:
/// signals to the process are the main thread's.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t blocked;
        ::sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT})
            ::sigdelset(&blocked, fault);
        ::pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;

private:
    sigset_t before_;
};

} // namespace iothreadd
