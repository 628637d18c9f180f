# SPDX-License-Identifier: Apache-2.0
"""A device as a table of named, typed attributes, whose connection looks after itself.

Over `connector`, its gateway, and `attributes`; the top of the client beside `poll`.
Manual, 2.1.7.

Rules.  One gateway, opened when it is needed and discarded whole at the first error of
the wire or of the protocol; the next call opens another one.  Nothing is sent before
all of a call is understood, and nothing is ever sent twice.  All answers of a call are
taken before the first is given out, so nobody holds the gateway who does not use it:
any number of threads may share a proxy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self
from weakref import WeakSet

from ..dotdict import dotdict
from ..errors import (
    CpppoError,
    Disconnected,
    EncodeError,
    Refused,
    StatusError,
    Timeout,
    TransportError,
    Unexpected,
)
from ..protocol.enip import status
from ..protocol.enip.cpf import PORT
from ..protocol.enip.types import SINT
from .asked import Answers, Asked, Wanted, detail, line, refusal
from .attributes import CIP_TYPES, Types, ValueMismatch, attributed, elementary
from .connector import connector
from .operations import Operation, OperationError
from .raw import await_response
from .way import Way

__all__ = ["parameter", "proxy", "proxy_simple"]

log = logging.getLogger(__name__)

TIMEOUT, DEPTH = 5, 2
REMEMBERED = 65536  # attributes that need not be understood anew

Parser = Callable[..., Iterable[Mapping[str, Any] | Operation]]


class parameter(NamedTuple):
    """What a name stands for: where it is, of which types, in which units."""

    attribute: str
    types: Types = None
    units: str | None = None


Parameter = parameter  # proxies have this name for it too


class proxy:
    """A device that is asked for attributes, through whatever routes to it.

    `via.read(["SCADA[0-9]", ("@1/1/7", "SSTRING")])`: a text is a tag, or with `=` a
    write; with types, an address is asked for by Get and Set Attribute.
    """

    parameter = parameter
    CIP_TYPES = CIP_TYPES
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        "identity": parameter(
            "@1/1",
            ["INT", "INT", "INT", "INT", "INT", "DINT", "SSTRING", "USINT"],
            "Identity",
        ),
        "product_name": parameter("@1/1/7", "SSTRING", None),
        "tcpip": parameter(
            "@0xF5/1",
            ["DWORD", "DWORD", "DWORD", "EPATH", *["IPADDR"] * 5, "STRING", "STRING"],
            "TCPIP",
        ),
    }

    def __init__(
        self,
        host: str,
        port: int | None = PORT,
        timeout: float | None = None,
        depth: int | None = None,
        multiple: int | None = None,
        gateway_class: type[connector] | None = None,
        route_path: object = None,
        send_path: object = None,
        priority_time_tick: int | None = None,
        timeout_ticks: int | None = None,
        identity_default: str | Mapping[str, Any] | None = None,
        dialect: Any = None,
        operations_parser: Parser | None = None,
        **gateway_kwds: Any,
    ) -> None:
        self.host = host
        self.port = PORT if port is None else port
        self.timeout = TIMEOUT if timeout is None else timeout
        self.depth = DEPTH if depth is None else depth
        self.multiple = multiple or 0
        self.gateway_class = connector if gateway_class is None else gateway_class
        said = {} if dialect is None else {"dialect": dialect}
        self.gateway_kwds = gateway_kwds | said
        self.way: dict[str, Any] = {
            "route_path": route_path,
            "send_path": send_path,
            "priority_time_tick": priority_time_tick,
            "timeout_ticks": timeout_ticks,
        }
        Way.of(**self.way)  # or raises
        self.operations_parser = operations_parser
        self.identity_default = given(identity_default)
        self.identity: Any = None
        self.gateway: connector | None = None
        self._lock = RLock()
        self._missed: TransportError | None = None  # why the last one did not open
        self._known: dict[Parameter, tuple[Wanted, ...]] = {}
        self._paid: WeakSet[BaseException] = WeakSet()  # those that cost a gateway

    @property
    def instance(self) -> Any:
        """Who the device is, as it said when the gateway was opened; or None."""
        return self.identity

    def __str__(self) -> str:
        identity = self.identity
        who = self.identity_default if identity is None else identity
        name = None if who is None else who.get("product_name")
        return f"{name} at {self.gateway}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} via {self.gateway}>"

    # -- the gateway

    def open_gateway(self) -> None:
        """Have a gateway that is open: this one, or else another."""
        with self._using():
            pass

    def close_gateway(self, exc: BaseException | None = None) -> None:
        """Close the gateway, because of this error; the next call opens another.

        Never raises.  An error that was raised here has closed its gateway itself, and
        does not close the next one, which other threads may use by now.
        """
        with self._lock:
            if exc is None or exc not in self._paid:
                self._discard(exc)

    def __enter__(self) -> Self:
        self.open_gateway()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if exc is not None:
            self.close_gateway(exc)

    def list_identity(self) -> Any:
        """What the device says that it is."""
        with self._using() as gateway:
            identity = self._identify(gateway)
            if self.identity_default is None:
                self.identity = identity
            return identity

    @contextmanager
    def _using(self) -> Iterator[connector]:
        """The gateway, for one thread alone; any error there costs it.

        Who waited while another thread found nobody there need not wait for the same
        again: many threads would, one after the other.
        """
        before = self._missed
        with self._lock:
            missed = self._missed
            if self.gateway is None and missed is not None and missed is not before:
                raise type(missed)(str(missed))
            try:
                yield self._opened()
            except BaseException as exc:
                self._discard(exc)
                if isinstance(exc, CpppoError):
                    self._paid.add(exc)
                raise

    def _opened(self) -> connector:
        """A gateway that is open, as far as can be known without asking."""
        if self.gateway is not None:
            if not stale(self.gateway):
                return self.gateway
            log.info("%s has been closed by its peer", self.gateway)
            self._discard(None)
        try:
            gateway = self._connected()
        except TransportError as exc:
            kinds = (Timeout, Refused, Disconnected, TransportError)
            kind = next(one for one in kinds if isinstance(exc, one))
            self._missed = kind(str(exc))  # without what it has come through
            raise
        try:
            identity = self.identity_default
            if identity is None:
                identity = self._identify(gateway)
        except BaseException:
            gateway.close()
            raise
        self.gateway, self.identity = gateway, identity
        return gateway

    def _connected(self) -> connector:
        """Another gateway."""
        try:
            return self.gateway_class(
                host=self.host,
                port=self.port,
                timeout=self.timeout,
                **self.gateway_kwds,
            )
        except StatusError as exc:  # no attribute is refused, but all of us
            raise Refused(str(exc)) from exc

    def _identify(self, gateway: connector) -> Any:
        """Ask for the identity, which may take a time-out."""
        with gateway:
            gateway.list_identity(timeout=self.timeout)
            response, _ = await_response(gateway, timeout=self.timeout)
        place = f"{self.host}:{self.port}"
        hint = "who has identity_default need not ask"
        if response is None:
            within = f"within {self.timeout:g} s"
            raise Timeout(f"{place}: no answer to List Identity {within}; {hint}")
        if not response:
            problem = f"{place} closed the connection at List Identity; {hint}"
            raise Disconnected(problem)
        if response.enip.status:
            words = status.framed(response.enip.status)
            raise Refused(f"{place} refused List Identity: {words}; {hint}")
        found = response.get("enip.CIP.list_identity.CPF.item[0].identity_object")
        if found is None:
            raise Refused(f"{place} has no identity in its list; {hint}")
        return found

    def _discard(self, exc: BaseException | None) -> None:
        """Close the gateway, if there is one; never raises."""
        gateway = self.gateway
        self.gateway = self.identity = None
        if gateway is None:
            return
        whom = str(gateway)  # who keeps log records does not keep a connection
        try:
            gateway.close()
        except Exception as failure:
            log.info("%s: %s", whom, failure)
        if exc is not None:
            # Some errors have no text; ^C is one.
            reason = str(exc) or type(exc).__name__
            log.warning("Closed EtherNet/IP CIP gateway %s due to: %s", whom, reason)

    # -- attributes

    def read(
        self, attributes: Any, printing: bool = False, checking: bool = False
    ) -> Iterator[Any]:
        """The values of attributes, one after another; True for what was written.

        What the device refuses is None; with checking, it is raised as a StatusError.
        An error of the wire comes after the values that were answered before it.
        """
        answers = self._answers(self._wanted(attributes))
        for place, (one, result) in enumerate(answers):
            value = one.value(result)
            if printing:
                print(line(one, result, value))
            if checking and not result.ok:
                raise refusal(answers.pairs[place:], answers.problem)
            yield value

    write = read

    def read_details(self, attributes: Any) -> Iterator[Any]:
        """The same, as (value, (status, (attribute, types, units)))."""
        for one, result in self._answers(self._wanted(attributes)):
            yield one.value(result), detail(one, result)

    def read_outcomes(self, attributes: Any) -> Iterator[Any]:
        """The same, and with each what is wrong with it: a ValueMismatch, or None.

        A wrong type costs that value alone, which is None, and not those after it.
        """
        for one, result in self._answers(self._wanted(attributes)):
            value, problem = None, None
            try:
                value = one.value(result)
            except ValueMismatch as exc:
                problem = exc.with_traceback(None)
            yield value, detail(one, result), problem

    def parameter_substitution(
        self,
        iterable: Iterable[Any] | str,
        parameters: Mapping[str, Any] | None = None,
        pass_thru: bool | None = None,
    ) -> Iterator[Any]:
        """What to read or write, for names of parameters: "Motor Velocity = 12.5".

        Anything else passes as it is, unless pass_thru is false.
        """
        known = self.PARAMETERS if parameters is None else parameters
        for one in singly(iterable):
            if not isinstance(one, str):
                yield one
                continue
            name, mark, texts = one.partition("=")
            found = known.get(name.strip())
            if found is None:
                found = known.get(name.strip().lower().replace(" ", "_"))
            if found is not None:
                attribute, types = (*found, None)[:2]
                yield f"{attribute}{mark}{texts}", types
            elif pass_thru or pass_thru is None:
                yield one
            else:
                problem = f"Unrecognized parameter name; known: {', '.join(known)}"
                raise OperationError(problem, one, 0)

    @staticmethod
    def is_request(one: object) -> bool:
        """Whether this may be read: a text, or a tuple of a text, types and units."""
        try:
            target(one)
        except OperationError:
            return False
        return True

    def _wanted(self, attributes: Any) -> list[Wanted]:
        """All that is asked for, understood; or an error, and nothing is sent.

        That error costs no gateway: others may use it, and nothing is wrong with it.
        """
        try:
            return self._understood(attributes)
        except CpppoError as exc:
            self._paid.add(exc)
            raise

    def _understood(self, attributes: Any) -> list[Wanted]:
        """The same, without regard for the gateway."""
        found: list[Wanted] = []
        for one in singly(attributes):
            asked = target(one)
            known = self._known.get(asked)
            if known is None:
                text, types, units = asked
                known = tuple(
                    Wanted(text, types, units, operation)
                    for operation in self._operations(text, types)
                )
                if self.operations_parser is None and "=" not in text:
                    if len(self._known) >= REMEMBERED:
                        self._known.clear()
                    self._known[asked] = known
            found += known
        return found

    def _operations(self, text: str, types: Types) -> Iterable[Asked]:
        """What asks for an attribute, or writes it."""
        try:
            int_type = elementary(types)
        except EncodeError as exc:
            raise EncodeError(f"{text}: {exc}") from None
        if self.operations_parser is not None:
            parsed = list(self.operations_parser([text], **self.way))
            for operation in parsed:
                Operation.of(operation)  # or raises
            return parsed
        if types is None or not text.lstrip().startswith("@"):
            one = Operation.parse(text, int_type=int_type)
            # The pipeline remembers plain texts.
            return [text if one.data is None else one]
        return [attributed(Operation.parse(text, int_type=int_type or SINT))]

    def _answers(self, wanted: Sequence[Wanted]) -> Answers:
        """What came of it, in its order, and the error that has ended it."""
        answers = Answers()
        if not wanted:
            return answers
        asked = iter(wanted)
        try:
            with self._using() as gateway:
                for result in gateway.ask(
                    [one.operation for one in wanted],
                    depth=self.depth,
                    multiple=self.multiple,
                    timeout=self.timeout,
                    **self.way,
                ):
                    answers.pairs.append((next(asked), result))
                if len(answers.pairs) < len(wanted):
                    raise Unexpected(
                        f"{len(answers.pairs)} of {len(wanted)} requests were answered"
                    )
                # Whose frames are refused has no session any more, or leaves.
                if any(result.encapsulated for _, result in answers.pairs):
                    log.info("%s refuses frames", gateway)
                    self._discard(None)
        except (CpppoError, OSError) as exc:
            answers.ended(exc)
        return answers


class proxy_simple(proxy):
    """A device that has no routes: requests go to it as they are."""

    def __init__(
        self,
        host: str,
        route_path: object = None,
        send_path: object = None,
        **kwds: Any,
    ) -> None:
        super().__init__(
            host,
            route_path=False if route_path is None else route_path,
            send_path="" if send_path is None else send_path,
            **kwds,
        )


# -- parts


def stale(gateway: connector) -> bool:
    """Whether nothing more is to be asked there."""
    try:
        # Nothing is under way: what is there is the end, or nothing that we asked for.
        return gateway.closed or gateway.readable(timeout=0)
    except OSError:
        return True


def given(identity: str | Mapping[str, Any] | None) -> Any:
    """An identity that nobody needs to be asked for."""
    if isinstance(identity, str):
        return dotdict(product_name=identity)
    return None if identity is None else dotdict(identity)


def target(one: Any) -> parameter:
    """The attribute, types and units of what may be read; OperationError if none."""
    if isinstance(one, str):
        return parameter(one)
    if isinstance(one, list | tuple) and 2 <= len(one) <= 3 and isinstance(one[0], str):
        attribute, types, units = (*one, None)[:3]
        if types is None or isinstance(types, str | type):
            return parameter(attribute, types, units)
        kinds = types if isinstance(types, list | tuple) else (None,)
        if all(isinstance(kind, str | type) for kind in kinds):
            return parameter(attribute, tuple(kinds), units)
    problem = "a text, (text, types) or (text, types, units) expected"
    raise OperationError(problem, f"{one!r:.80}", 0)


def singly(several: Any) -> Iterable[Any]:
    """One after another, of one or several."""
    return (several,) if isinstance(several, str | parameter) else several
