# SPDX-License-Identifier: Apache-2.0
"""cpppo: a wire protocol is a state machine, declared once."""
