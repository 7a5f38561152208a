# SPDX-License-Identifier: Apache-2.0
"""A QMP client for people: what scripts/qmp-shell and scripts/iothread-top are made of."""
