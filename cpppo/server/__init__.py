# SPDX-License-Identifier: Apache-2.0
"""Simulators: what answers.  `listener` has the sockets, each protocol a package."""
