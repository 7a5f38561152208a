// SPDX-License-Identifier: Apache-2.0
//
// object-add, object-del and the qom-* commands.
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/qmp_context.hpp"
#include "protocol/qmp/json.hpp"

#include "qapi/qom_commands.hpp"

namespace iothreadd {
namespace {

/// Of one qom-list-get: what it costs is theirs times the objects in the tree.
constexpr std::size_t kMaxPaths = 1024;

qapi::ObjectPropertyInfo property_info(const Property &property) {
    qapi::ObjectPropertyInfo info;
    info.name = property.name;
    info.type = property.type;
    return info;
}

qapi::ObjectPropertiesValues property_values(const ObjectTree &tree, const Object &object) {
    qapi::ObjectPropertiesValues values;
    for (const Property &property : tree.properties(object)) {
        values.properties.push_back({.name = property.name, .type = property.type, .value = {}});
        if (property.get)
            values.properties.back().value = property.get(object);
    }
    return values;
}

/// qom-get and qom-set say of an ambiguous path what they say of one that leads nowhere.
Result<Object *> resolve_one(const ObjectTree &tree, const std::string &path) {
    auto object = tree.resolve(path);
    if (!object)
        return device_not_found("Device '{}' not found", path);
    return object;
}

} // namespace

Result<void> qmp_object_add(QmpContext &context, const qapi::ObjectOptions &options) {
    return context.tree.create(to_string(options.qom_type()), options.id, options);
}

Result<void> qmp_object_del(QmpContext &context, const qapi::ObjectDelArgs &args) {
    return context.tree.remove(args.id);
}

Result<std::vector<qapi::ObjectPropertyInfo>> qmp_qom_list(QmpContext &context,
                                                           const qapi::QomListArgs &args) {
    auto object = context.tree.resolve(args.path);
    if (!object)
        return object.error();
    std::vector<qapi::ObjectPropertyInfo> list;
    for (const Property &property : context.tree.properties(**object))
        list.push_back(property_info(property));
    return list;
}

Result<std::vector<qapi::ObjectPropertiesValues>> qmp_qom_list_get(QmpContext &context,
                                                                   const qapi::QomListGetArgs &args) {
    if (args.paths.size() > kMaxPaths)
        return generic_error("Parameter 'paths' can have at most {} entries", kMaxPaths);
    std::vector<qapi::ObjectPropertiesValues> list;
    for (const std::string &path : args.paths) {
        auto object = context.tree.resolve(path);
        if (!object)
            return object.error();
        list.push_back(property_values(context.tree, **object));
    }
    return list;
}

Result<Json> qmp_qom_get(QmpContext &context, const qapi::QomGetArgs &args) {
    auto object = resolve_one(context.tree, args.path);
    if (!object)
        return object.error();
    auto property = context.tree.find_property(**object, args.property);
    if (!property)
        return property.error();
    if (!property->get)
        return generic_error("Property '{}.{}' is not readable", (*object)->type().name, args.property);
    return property->get(**object);
}

Result<void> qmp_qom_set(QmpContext &context, const qapi::QomSetArgs &args) {
    auto object = resolve_one(context.tree, args.path);
    if (!object)
        return object.error();
    auto property = context.tree.find_property(**object, args.property);
    if (!property)
        return property.error();
    if (!property->set)
        return generic_error("Property '{}.{}' is not writable", (*object)->type().name, args.property);
    return property->set(**object, args.value);
}

Result<std::vector<qapi::ObjectTypeInfo>> qmp_qom_list_types(QmpContext &context,
                                                             const qapi::QomListTypesArgs &args) {
    std::vector<qapi::ObjectTypeInfo> list;
    for (const ObjectType *type : context.tree.types()) {
        if (type->abstract && !args.abstract.value_or(false))
            continue;
        if (args.implements && !context.tree.is_a(*type, *args.implements))
            continue;
        qapi::ObjectTypeInfo info;
        info.name = type->name;
        if (type->abstract)
            info.abstract = true;
        if (!type->parent.empty())
            info.parent = type->parent;
        list.push_back(std::move(info));
    }
    return list;
}

Result<std::vector<qapi::ObjectPropertyInfo>>
qmp_qom_list_properties(QmpContext &context, const qapi::QomListPropertiesArgs &args) {
    const ObjectType *type = context.tree.find_type(args.typename_);
    if (type == nullptr)
        return device_not_found("Class '{}' not found", args.typename_);
    if (!context.tree.is_a(*type, "object"))
        return generic_error("Parameter 'typename' expects a QOM type");
    std::vector<qapi::ObjectPropertyInfo> list;
    for (const Property *property : context.tree.properties(*type)) {
        list.push_back(property_info(*property));
        if (!property->description.empty())
            list.back().description = property->description;
    }
    return list;
}

} // namespace iothreadd
