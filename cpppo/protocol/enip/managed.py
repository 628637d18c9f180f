# SPDX-License-Identifier: Apache-2.0
"""Forward Open and Close as the published dictionaries show them.

Under `published`.
"""

from __future__ import annotations

from typing import Any

from ...dotdict import dotdict
from ...errors import ProtocolError
from .manager import (
    ForwardClose,
    ForwardOpen,
    ForwardOpenReply,
    LargeForwardOpen,
    LargeForwardOpenReply,
    Opened,
    Parameters,
)
from .notation import described
from .path import Path, RoutePath

__all__ = ["closed", "opened", "opening"]


def opening(message: ForwardOpen | LargeForwardOpen) -> dotdict:
    """What is asked for."""
    large = isinstance(message, LargeForwardOpen)
    data = dotdict(
        priority_time_tick=message.priority,
        timeout_ticks=message.ticks,
        O_T=direction(
            message.to_target,
            message.target_interval,
            message.target_parameters,
            large,
        ),
        T_O=direction(
            message.to_originator,
            message.originator_interval,
            message.originator_parameters,
            large,
        ),
        transport_class_triggers=message.transport,
        connection_timeout_multiplier=message.multiplier,
    )
    data.update(named(message))
    data["connection_path.segment"] = segments(message.connection)
    return data


def direction(name: int, interval: int, number: int, large: bool) -> dict[str, Any]:
    """One direction of what is asked for."""
    parameters = Parameters.decode(number, large)
    return {
        "connection_ID": name,
        "RPI": interval,
        "NCP": number,
        "large": large,
        "size": parameters.size,
        "type": parameters.kind,
        "priority": parameters.priority,
        "variable": int(parameters.variable),
        "redundant": int(parameters.redundant),
    }


def opened(message: ForwardOpenReply | LargeForwardOpenReply) -> dotdict | bool:
    """What was opened; True where nothing was."""
    if message.status:
        return True
    try:
        found = Opened.decode(message.data)
    except ProtocolError:
        return True
    data = dotdict(
        O_T={"connection_ID": found.to_target, "API": found.target_interval},
        T_O={"connection_ID": found.to_originator, "API": found.originator_interval},
    )
    data.update(named(found))
    data["application"] = {
        "size": len(found.application) // 2,
        "data": [*found.application],
    }
    return data


def closed(message: ForwardClose) -> dotdict:
    """What is to be closed."""
    data = dotdict(priority_time_tick=message.priority, timeout_ticks=message.ticks)
    data.update(named(message))
    data["connection_path.segment"] = segments(message.connection)
    return data


def named(
    message: ForwardOpen | LargeForwardOpen | ForwardClose | Opened,
) -> dict[str, Any]:
    """What a connection is known by."""
    return {
        "connection_serial": message.serial,
        "O_vendor": message.vendor,
        "O_serial": message.originator,
    }


def segments(path: Path | RoutePath) -> list[dotdict]:
    """A path, segment by segment."""
    return [dotdict(described(one)) for one in path.segments]
