# SPDX-License-Identifier: Apache-2.0
"""Other ways to do the same work, one module for each, measured beside this package.

A peer is run, never read.  Its packages are imported by name when it is asked for its
candidates, because they exist in its own environment alone.
"""
