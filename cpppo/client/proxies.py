# SPDX-License-Identifier: Apache-2.0
"""All proxies; here is `proxy_connected`, whose gateway asks over a connection.

Over `proxy` and `implicit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .connector import connector
from .implicit import implicit
from .proxy import proxy, proxy_simple

__all__ = ["proxy", "proxy_connected", "proxy_simple"]


class proxy_connected(proxy):
    """A device that is asked over a connection, opened along the connection path.

    `configuration`, `O_T` and other keywords are those of `client.implicit`.
    """

    def __init__(
        self,
        host: str,
        gateway_class: type[connector] | None = None,
        connection_path: object = None,
        configuration: Mapping[str, Any] | None = None,
        **kwds: Any,
    ) -> None:
        kind = implicit if gateway_class is None else gateway_class
        super().__init__(host, gateway_class=kind, **kwds)
        said = {"connection_path": connection_path, "configuration": configuration}
        # The connection leads along the way of the requests.
        said |= self.way
        self.gateway_kwds |= {
            name: one for name, one in said.items() if one is not None
        }
