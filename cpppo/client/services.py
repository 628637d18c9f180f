# SPDX-License-Identifier: Apache-2.0
"""The services that the published client asks for: what its methods are called.

Under `raw`, which sends what they make.  Each shows its request as the manual's dotted
dictionary.  A request goes unconnected, along a route unless there is none, or over a
connection that was opened.  The manual, 2.1.6, 6 to 8.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ..dotdict import dotdict
from ..errors import EncodeError
from ..protocol.enip import (
    GetAttributeList,
    GetAttributesAll,
    GetAttributeSingle,
    Request,
)
from ..protocol.enip.published import request
from . import given
from .envelope import SEND_RR_DATA, SEND_UNIT_DATA, alone, carried, over
from .originating import forward_close, forward_open
from .way import Way

__all__ = ["Services"]


class Services(ABC):
    """What a device can be asked for."""

    _counts: dict[int, int]  # of each connection, the sequence count that was last

    @abstractmethod
    def _ask(
        self,
        command: int,
        payload: bytes = b"",
        timeout: float | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """Send a frame; what it says."""

    def unconnected_send(
        self,
        request: dotdict | Request | bytes,
        route_path: object = None,
        send_path: object = None,
        timeout: float | None = None,
        priority_time_tick: int | None = None,
        timeout_ticks: int | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """Send a request, along a route unless there is none; the whole frame."""
        way = Way.of(route_path, send_path, priority_time_tick, timeout_ticks)
        payload = alone(carried(given.encoded(request), way))
        return self._ask(SEND_RR_DATA, payload, timeout, sender_context)

    def connected_send(
        self,
        request: dotdict | Request | bytes,
        timeout: float | None = None,
        connection: int | None = None,
        sequence: int | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """Send a request over a connection; the whole frame.

        `connection` is the O->T connection ID of the response to Forward Open; each has
        sequence counts of its own, unless one is given.
        """
        if connection is None:
            raise EncodeError("a connection is named by its O->T connection ID")
        if sequence is None:
            sequence = self._counts.get(connection, 0) + 1 & 0xFFFF
        self._counts[connection] = sequence
        payload = over(given.encoded(request), connection, sequence)
        return self._ask(SEND_UNIT_DATA, payload, timeout, sender_context)

    def req_send(self, request: dotdict | Request | bytes, **how: Any) -> dotdict:
        """Send a request as this client sends them."""
        return self.unconnected_send(request, **how)

    def forward_open(
        self,
        path: object = None,
        connection_path: object = "1/0/@2/1",
        priority_time_tick: int | None = None,
        timeout_ticks: int | None = None,
        O_T: Mapping[str, Any] | None = None,
        T_O: Mapping[str, Any] | None = None,
        O_serial: int | None = None,
        O_vendor: int | None = None,
        connection_serial: int | None = None,
        transport_class_triggers: int | None = None,
        connection_timeout_multiplier: int | None = None,
        send: bool = True,
        **how: Any,
    ) -> dotdict:
        """Ask for a connection; a large one if a size needs it.

        `O_T` and `T_O` are dictionaries of what `originating` knows: size, RPI, ...
        """
        numbers = {
            "priority_time_tick": priority_time_tick,
            "timeout_ticks": timeout_ticks,
            "O_serial": O_serial,
            "O_vendor": O_vendor,
            "connection_serial": connection_serial,
            "transport_class_triggers": transport_class_triggers,
            "connection_timeout_multiplier": connection_timeout_multiplier,
        }
        return self._managed(
            forward_open(path, connection_path, numbers, O_T, T_O), send, **how
        )

    def forward_close(
        self,
        path: object = None,
        connection_path: object = "1/0/@2/1",
        priority_time_tick: int | None = None,
        timeout_ticks: int | None = None,
        O_serial: int | None = None,
        O_vendor: int | None = None,
        connection_serial: int | None = None,
        send: bool = True,
        **how: Any,
    ) -> dotdict:
        """Close a connection: the one with these numbers."""
        numbers = {
            "priority_time_tick": priority_time_tick,
            "timeout_ticks": timeout_ticks,
            "O_serial": O_serial,
            "O_vendor": O_vendor,
            "connection_serial": connection_serial,
        }
        message = forward_close(path, connection_path, numbers)
        return self._managed(message, send, **how)

    def _managed(self, message: Request, send: bool, **how: Any) -> dotdict:
        """Show a request for the Connection Manager; the device's own, as a rule."""
        shown = request(message.encode())
        if send:
            straight: dict[str, Any] = {"route_path": False, "send_path": ""}
            self.unconnected_send(shown, **straight | how)
        return shown

    def service_code(
        self, code: int, path: object, data: Sequence[int] | None = None, **how: Any
    ) -> dotdict:
        """Any service, with its data as octets."""
        return self._issue(given.service(code, path, data or ()), **how)

    def get_attributes_all(self, path: object, **how: Any) -> dotdict:
        """All attributes of an instance, as octets."""
        return self._issue(GetAttributesAll(path=given.aimed(path)[0]), **how)

    def get_attribute_single(self, path: object, **how: Any) -> dotdict:
        """An attribute, as octets."""
        return self._issue(GetAttributeSingle(path=given.aimed(path)[0]), **how)

    def get_attribute_list(
        self, path: object, attributes: Sequence[int], **how: Any
    ) -> dotdict:
        """Some attributes of an instance, as octets."""
        target, _ = given.aimed(path)
        message = GetAttributeList(path=target, attributes=tuple(attributes))
        return self._issue(message, **how)

    def set_attribute_single(
        self,
        path: object,
        data: Sequence[Any],
        elements: int = 1,
        tag_type: object = None,
        **how: Any,
    ) -> dotdict:
        """A new value for an attribute: octets, or values of a type."""
        return self._issue(given.setting(path, data, elements, tag_type), **how)

    def read(
        self, path: object, elements: int = 1, offset: int | None = 0, **how: Any
    ) -> dotdict:
        """Elements of a tag, from an offset in octets; None asks for no fragment."""
        return self._issue(given.reading(path, elements, offset), **how)

    def write(
        self,
        path: object,
        data: Sequence[Any],
        elements: int = 1,
        offset: int | None = 0,
        tag_type: object = None,
        **how: Any,
    ) -> dotdict:
        """New values for elements of a tag; None as an offset: no fragment."""
        message = given.writing(path, data, elements, offset, tag_type)
        return self._issue(message, **how)

    def multiple(
        self,
        request: Sequence[dotdict | Request | bytes],
        path: object = None,
        **how: Any,
    ) -> dotdict:
        """Several requests in one packet: what read(..., send=False) returned."""
        return self._issue(given.together(request, path), **how)

    def _issue(
        self,
        message: Request | dotdict,
        *,
        send: bool = True,
        data_size: int | None = None,
        elements: int | None = None,
        tag_type: object = None,
        **how: Any,
    ) -> dotdict:
        """Show a request, and send it unless it is to wait for its packet.

        What an operation says of its reply is taken and not needed here.
        """
        shown = message if isinstance(message, dotdict) else request(message.encode())
        if send:
            self.req_send(shown, **how)
        return shown
