# SPDX-License-Identifier: Apache-2.0
"""CIP objects: attributes by their numbers, services, and what every controller has.

`places` (octets that are read and written) → `attribute` → `answers` → `objects` →
`tagged` (Logix's services for tags) → `builtin` and `clock`.  Under `database` and
`controller`.
"""
