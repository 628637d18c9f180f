# SPDX-License-Identifier: Apache-2.0
"""The programs: what is told by arguments, asked by the library, and printed.

The top of `client`, over all of it; nothing there imports them.  `arguments` declares
options once, `options` has those of `enip_client`.
"""
