# SPDX-License-Identifier: Apache-2.0
"""Connections that clients open, and the ways to other devices.

`connections` (the list) → `links` (one session's), with `bridge` for those that lead
on; `routes` (which route leads where) → `routing` (asking there).  Under `session`.
"""
