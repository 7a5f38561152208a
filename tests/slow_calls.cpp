// SPDX-License-Identifier: Apache-2.0
//
// slow_calls: calls that take as long as a test wants. Linked into a unit test, or preloaded into the daemon
// (LD_PRELOAD=libslow-calls.so). getaddrinfo() asks no name server then:
//
//   slow...       waits at the gate, then is 127.0.0.1; with .invalid at its end there is no such host
//   localhost     127.0.0.1
//   several       127.0.0.1 and 127.0.0.2
//   other names   no such host
//
// A user or group asked for by its name waits at the gate and is not found then; a file that is called
// slow... waits there before it is opened or removed.
//
// The gate is the FIFO that the environment variable IOTHREADD_GATE names: open while somebody has it open
// for writing. Beside it the file GATE.reached says that somebody came to it.
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using Getaddrinfo = int (*)(const char *, const char *, const addrinfo *, addrinfo **);

bool is_slow(std::string_view path) { return path.substr(path.rfind('/') + 1).starts_with("slow"); }

void pass_gate() {
    const char *const gate = std::getenv("IOTHREADD_GATE");
    if (gate == nullptr)
        return;
    ::close(::open((std::string{gate} + ".reached").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ::close(::open(gate, O_RDONLY | O_CLOEXEC)); // waits for who writes
}

} // namespace

extern "C" int getaddrinfo(const char *__restrict host, const char *__restrict port,
                           const addrinfo *__restrict hints, addrinfo **__restrict found) {
    static const auto real = reinterpret_cast<Getaddrinfo>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (host == nullptr || (hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0))
        return real(host, port, hints, found);
    addrinfo numeric = hints == nullptr ? addrinfo{} : *hints;
    numeric.ai_flags |= AI_NUMERICHOST;
    const int error = real(host, port, &numeric, found);
    if (error != EAI_NONAME)
        return error;
    const std::string_view name = host;
    const bool slow = name.starts_with("slow");
    if (slow)
        pass_gate();
    const bool several = name == "several";
    if ((!slow && !several && name != "localhost") || name.ends_with(".invalid"))
        return EAI_NONAME;
    const int found_one = real("127.0.0.1", port, &numeric, found);
    return found_one == 0 && several ? real("127.0.0.2", port, &numeric, &(*found)->ai_next) : found_one;
}

extern "C" int getpwnam_r(const char *__restrict, passwd *__restrict, char *__restrict, size_t,
                          passwd **__restrict found) {
    pass_gate();
    *found = nullptr;
    return 0;
}

extern "C" int getgrnam_r(const char *__restrict, group *__restrict, char *__restrict, size_t,
                          group **__restrict found) {
    pass_gate();
    *found = nullptr;
    return 0;
}

extern "C" int unlink(const char *path) noexcept {
    if (is_slow(path))
        pass_gate();
    return ::unlinkat(AT_FDCWD, path, 0);
}

extern "C" int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (is_slow(path))
        pass_gate();
    return ::openat(AT_FDCWD, path, flags, mode);
}
