// SPDX-License-Identifier: Apache-2.0
//
// ObjectTree: the objects that users can name, and the types of which there may be any. The root `/` holds
// the container `/objects`, and that holds what object-add made.
//
// The types `object`, `interface`, `user-creatable` and `container` are there from the start; main()
// registers the others, parents first.
//
// Thread: main thread.  Source: QMP object-add, object-del and qom-*, QEMU 11.1.
#pragma once

#include "daemon/qom/object.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

namespace qapi {
struct ObjectOptions;
}

class ObjectTree {
public:
    /// Make an object from decoded options, or say what is wrong with their values. Its id is options.id.
    using Factory = std::function<Result<std::unique_ptr<Object>>(const qapi::ObjectOptions &)>;

    ObjectTree();
    /// Objects go in reverse order of creation.
    ~ObjectTree();
    ObjectTree(const ObjectTree &) = delete;
    ObjectTree &operator=(const ObjectTree &) = delete;

    /// Make a type known; its parent and interfaces must be known already. `factory` makes a type
    /// user-creatable.
    void register_type(ObjectType type, Factory factory = nullptr);

    /// object-add. In this order: id, values (the factory), duplicate, complete(); a failure leaves nothing
    /// behind.
    Result<void> create(std::string_view type_name, std::string_view id, const qapi::ObjectOptions &options);
    /// object-del. Errors: no such id; whatever prepare_delete() says.
    Result<void> remove(std::string_view id);

    /// The object at a path: absolute, or partial (any unique tail of one). Errors: DeviceNotFound, or
    /// GenericError for a partial path that fits several objects.
    Result<Object *> resolve(std::string_view path) const;

    Object &root() const { return *root_; }
    /// The container of user-created objects.
    Object &objects() const { return *objects_; }

    /// Null when there is no such type.
    const ObjectType *find_type(std::string_view name) const;
    /// Sorted by name.
    std::vector<const ObjectType *> types() const;
    /// Whether `type` is `ancestor`, derives from it or implements it.
    bool is_a(const ObjectType &type, std::string_view ancestor) const;
    /// Inherited ones first.
    std::vector<const Property *> properties(const ObjectType &type) const;
    /// The properties of the type, then one read-only `child<TYPE>` for each child.
    std::vector<Property> properties(const Object &object) const;
    /// Error: `Property 'TYPE.NAME' not found`.
    Result<Property> find_property(const Object &object, std::string_view name) const;

private:
    struct TypeEntry {
        ObjectType type;
        Factory factory;
    };

    Object &insert(Object &parent, const ObjectType &type, std::unique_ptr<Object> child);
    void erase_from_objects(const Object &object);

    std::map<std::string, TypeEntry, std::less<>> types_;
    std::unique_ptr<Object> root_;
    Object *objects_ = nullptr;
};

} // namespace iothreadd
