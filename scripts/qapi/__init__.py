# SPDX-License-Identifier: Apache-2.0
"""The QAPI schema front end and the C++ back ends of iothreadd.

lexer -> parser -> shapes -> names -> model -> checks -> one module per output.
"""
