// SPDX-License-Identifier: Apache-2.0
//
// Descriptors that an Asio loop watches although it has no use for the bytes: two traps.
//
// Closing one leaves it to the kernel to end the watching, which it does when the file is closed. Where that
// is open elsewhere too, as a duplicate or in another process, events go on coming, for whatever Asio watches
// in its place by then. And because of such an event, or an old one, a wait may end without reason.
//
// Thread: that of the loop.  Source: epoll(7), questions and answers.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace iothreadd {

/// Close it, with the watching. What waits for it is cancelled.
void close_watched(boost::asio::posix::stream_descriptor &descriptor);

/// Resume when `descriptor`, which stays until then, is ready for POLLIN or POLLOUT; false: it was closed, or
/// the wait cancelled. What is no file to wait for, such as one on a disk, is ready always. `not_yet`: it was
/// not, though it seemed so.
boost::asio::awaitable<bool> become_ready(boost::asio::posix::stream_descriptor &descriptor, short event,
                                          bool not_yet = false);

} // namespace iothreadd
