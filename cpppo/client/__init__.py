# SPDX-License-Identifier: Apache-2.0
"""Clients: what asks.  `operations` reads what to ask for, as people write it."""
