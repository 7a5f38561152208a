// SPDX-License-Identifier: Apache-2.0
//
// Object: something that users can name by a path such as /objects/io0. It has a type, which gives its
// properties, and children, which it owns. Derive from it, register the type with the ObjectTree, and
// object-add, object-del and the qom-* commands work.
//
// Life: a factory makes it → the tree takes it in and gives it type and parent → complete() →
// prepare_delete() → destructor.
//
// Thread: main thread.  Source: QEMU Object Model, as far as QMP shows it.
#pragma once

#include "daemon/qom/object_type.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class Object {
public:
    virtual ~Object();
    Object(const Object &) = delete;
    Object &operator=(const Object &) = delete;

    const std::string &id() const { return id_; }
    /// Only for an object that is in a tree.
    const ObjectType &type() const;
    /// From the root, for example `/objects/io0`; of the root itself `/`.
    std::string path() const;

    /// In creation order.
    std::span<const std::unique_ptr<Object>> children() const { return children_; }
    Object *find_child(std::string_view id) const;

    /// The last step of object-add, after the tree took the object in: start what it is for. A refusal
    /// removes it again and is the answer to the client.
    virtual Result<void> complete();

    /// The first step of object-del: refuse while somebody needs the object, with a text that says who. After
    /// a success the object is destroyed at once.
    virtual Result<void> prepare_delete();

protected:
    explicit Object(std::string id);

private:
    friend class ObjectTree;

    std::string id_;
    const ObjectType *type_ = nullptr;
    Object *parent_ = nullptr;
    std::vector<std::unique_ptr<Object>> children_;
};

} // namespace iothreadd
