// SPDX-License-Identifier: Apache-2.0
//
// The one place where Asio's own code is compiled (BOOST_ASIO_SEPARATE_COMPILATION); everybody else gets
// declarations only, which saves seconds in each unit.
#include <boost/asio/impl/src.hpp>
