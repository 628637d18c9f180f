# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire, by protocol: messages and sessions, without any I/O."""
