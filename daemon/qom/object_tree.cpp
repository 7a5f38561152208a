// SPDX-License-Identifier: Apache-2.0
#include "daemon/qom/object_tree.hpp"

#include "daemon/util/identifier.hpp"
#include "daemon/util/thread.hpp"
#include "protocol/qmp/json.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

namespace iothreadd {
namespace {

class Container final : public Object {
public:
    explicit Container(std::string id) : Object(std::move(id)) {}
};

/// The components of a path; empty ones do not count.
std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::string_view part = path.substr(0, path.find('/'));
        if (!part.empty())
            parts.push_back(part);
        path.remove_prefix(std::min(part.size() + 1, path.size()));
    }
    return parts;
}

Object *descend(Object &start, std::span<const std::string_view> parts) {
    Object *object = &start;
    for (const std::string_view part : parts) {
        object = object->find_child(part);
        if (object == nullptr)
            return nullptr;
    }
    return object;
}

/// Every object below `start`, itself included, to which `parts` lead from anywhere there.
void find_partial(Object &start, std::span<const std::string_view> parts, std::vector<Object *> &found) {
    if (Object *object = descend(start, parts))
        found.push_back(object);
    for (const auto &child : start.children())
        find_partial(*child, parts, found);
}

Property child_property(const Object &child) {
    Property property = string_property(child.id(), [&child](const Object &) { return child.path(); });
    property.type = "child<" + child.type().name + ">";
    return property;
}

} // namespace

ObjectTree::ObjectTree() {
    assert_main_thread();
    ObjectType object{.name = "object", .parent = "", .abstract = true};
    object.properties.push_back(string_property("type", [](const Object &self) { return self.type().name; }));
    register_type(std::move(object));
    register_type({.name = "interface", .parent = "", .abstract = true});
    register_type({.name = "user-creatable", .parent = "interface", .abstract = true});
    register_type({.name = "container", .parent = "object"});

    root_ = std::make_unique<Container>("");
    root_->type_ = find_type("container");
    objects_ = &insert(*root_, *find_type("container"), std::make_unique<Container>("objects"));
}

ObjectTree::~ObjectTree() { assert_main_thread(); }

void ObjectTree::register_type(ObjectType type, Factory factory) {
    assert_main_thread();
    assert(type.parent.empty() || find_type(type.parent) != nullptr);
    for ([[maybe_unused]] const std::string &interface : type.interfaces)
        assert(find_type(interface) != nullptr);
    std::string name = type.name;
    [[maybe_unused]] const bool is_new =
        types_.emplace(std::move(name), TypeEntry{std::move(type), std::move(factory)}).second;
    assert(is_new);
}

Result<void> ObjectTree::create(std::string_view type_name, std::string_view id,
                                const qapi::ObjectOptions &options) {
    assert_main_thread();
    if (auto checked = check_identifier("id", id); !checked)
        return checked.error();
    const auto entry = types_.find(type_name);
    if (entry == types_.end() || !entry->second.factory)
        return generic_error("invalid object type: {}", type_name);

    auto made = entry->second.factory(options);
    if (!made)
        return made.error();
    assert((*made)->id() == id);
    if (find_property(*objects_, id))
        return generic_error("attempt to add duplicate property '{}' to object (type 'container')", id);

    Object &object = insert(*objects_, entry->second.type, std::move(*made));
    auto completed = object.complete();
    if (!completed)
        erase_from_objects(object);
    return completed;
}

Result<void> ObjectTree::remove(std::string_view id) {
    assert_main_thread();
    Object *object = objects_->find_child(id);
    if (object == nullptr)
        return generic_error("object '{}' not found", id);
    if (auto ready = object->prepare_delete(); !ready)
        return ready.error();
    erase_from_objects(*object);
    return {};
}

Result<Object *> ObjectTree::resolve(std::string_view path) const {
    assert_main_thread();
    const auto parts = split_path(path);
    std::vector<Object *> found;
    if (path.starts_with('/')) {
        if (Object *object = descend(*root_, parts))
            found.push_back(object);
    } else {
        find_partial(*root_, parts, found);
    }
    if (found.empty())
        return device_not_found("Device '{}' not found", path);
    if (found.size() > 1)
        return generic_error("Path '{}' is ambiguous", path);
    return found.front();
}

const ObjectType *ObjectTree::find_type(std::string_view name) const {
    assert_main_thread();
    const auto entry = types_.find(name);
    return entry == types_.end() ? nullptr : &entry->second.type;
}

std::vector<const ObjectType *> ObjectTree::types() const {
    assert_main_thread();
    std::vector<const ObjectType *> all;
    for (const auto &[name, entry] : types_)
        all.push_back(&entry.type);
    return all;
}

bool ObjectTree::is_a(const ObjectType &type, std::string_view ancestor) const {
    for (const ObjectType *t = &type; t != nullptr; t = t->parent.empty() ? nullptr : find_type(t->parent)) {
        if (t->name == ancestor)
            return true;
        const auto implements = [&](const std::string &name) { return is_a(*find_type(name), ancestor); };
        if (std::any_of(t->interfaces.begin(), t->interfaces.end(), implements))
            return true;
    }
    return false;
}

std::vector<const Property *> ObjectTree::properties(const ObjectType &type) const {
    std::vector<const Property *> all;
    if (!type.parent.empty())
        all = properties(*find_type(type.parent));
    for (const Property &property : type.properties)
        all.push_back(&property);
    return all;
}

std::vector<Property> ObjectTree::properties(const Object &object) const {
    std::vector<Property> all;
    for (const Property *property : properties(object.type()))
        all.push_back(*property);
    for (const auto &child : object.children())
        all.push_back(child_property(*child));
    return all;
}

Result<Property> ObjectTree::find_property(const Object &object, std::string_view name) const {
    for (const Property *property : properties(object.type())) {
        if (property->name == name)
            return *property;
    }
    if (const Object *child = object.find_child(name))
        return child_property(*child);
    return generic_error("Property '{}.{}' not found", object.type().name, name);
}

Object &ObjectTree::insert(Object &parent, const ObjectType &type, std::unique_ptr<Object> child) {
    child->type_ = &type;
    child->parent_ = &parent;
    parent.children_.push_back(std::move(child));
    return *parent.children_.back();
}

void ObjectTree::erase_from_objects(const Object &object) {
    std::erase_if(objects_->children_, [&object](const auto &child) { return child.get() == &object; });
}

} // namespace iothreadd
