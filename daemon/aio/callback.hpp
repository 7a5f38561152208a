// SPDX-License-Identifier: Apache-2.0
//
// Callback: a void() callable, allocated once at construction and then called any number of times. Destroying
// it while it runs is fine, so the owner of a bottom half or timer may delete itself inside it.
//
// Thread: one at a time.
#pragma once

#include <utility>

namespace iothreadd {

class Callback {
public:
    template <class F>
    explicit Callback(F fn) : body_(new BodyOf<F>(std::move(fn))) {}
    Callback(const Callback &) = delete;
    Callback &operator=(const Callback &) = delete;

    ~Callback() {
        if (body_->calls > 0)
            body_->orphan = true;
        else
            delete body_;
    }

    /// `this` may be gone when it returns.
    void operator()() {
        Body *const body = body_;
        ++body->calls;
        body->call();
        if (--body->calls == 0 && body->orphan)
            delete body;
    }

private:
    struct Body {
        virtual ~Body() = default;
        virtual void call() = 0;
        int calls = 0; // more than one when a callback runs the loop
        bool orphan = false;
    };

    template <class F>
    struct BodyOf final : Body {
        explicit BodyOf(F f) : fn(std::move(f)) {}
        void call() override { fn(); }
        F fn;
    };

    Body *body_;
};

} // namespace iothreadd
