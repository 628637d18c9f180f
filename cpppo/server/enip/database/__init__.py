# SPDX-License-Identifier: Apache-2.0
"""Tags, as a Logix has them: by name, with programs, members, aliases and types.

Over `cip`.  `tags` (what was said of one) → `part`, `making` (its attribute) →
`directory` (all of them).  `symbols`, `templates` and `logixobjects` are the objects
by which clients browse it.  Under `controller`.
"""
