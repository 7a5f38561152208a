// SPDX-License-Identifier: Apache-2.0
//
// AutoList: a doubly linked list of objects that it does not own, through a hook inside them. Linking
// allocates nothing, and an object that is destroyed leaves its lists by itself.
//
// Thread: as the objects.  Source: Boost.Intrusive.
#pragma once

#include <boost/intrusive/list.hpp>

namespace iothreadd {

using AutoHook =
    boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

template <class T, AutoHook T::*hook>
using AutoList = boost::intrusive::list<T, boost::intrusive::member_hook<T, AutoHook, hook>,
                                        boost::intrusive::constant_time_size<false>>;

} // namespace iothreadd
