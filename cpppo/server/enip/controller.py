# SPDX-License-Identifier: Apache-2.0
"""A simulated ControlLogix: its objects and tags, and an answer to every request.

Over `directory` and `builtin`, under `session`.  One request, one reply: what is wrong
with a request is said by a CIP status, as far out as that takes.  A request is read
layer by layer, so that a part that cannot be read does not hide who asked for what.
It may be asked from any number of threads, and shares nothing with another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from random import SystemRandom
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from ...automata.once import once
from ...automata.rows import FINISHED
from ...errors import EncodeError, Incomplete, ProtocolError
from ...protocol.enip import MessageRouterRequest, Path, Port, Request
from ...protocol.enip.datatypes import Types
from ...protocol.enip.samples import Reads
from ...protocol.enip.status import Status
from ..limits import Limits
from ..peer import Peer
from ..quiet import Quiet
from .cip.answers import Answer, Call, Refusal, Target, line_of, out_of_range
from .cip.attribute import Attribute
from .cip.builtin import TCPIP, ConnectionManager, Identity, MessageRouter
from .cip.objects import Object
from .cip.tagged import Observer, Tagged
from .database.directory import Directory
from .database.logixobjects import logix
from .database.tags import TagSpec
from .linking.connections import Connections
from .lists import datagram
from .pccc import PCCC, DataFiles
from .pccc.object import DH_PLUS
from .profile import Profile
from .session import Session

if TYPE_CHECKING:
    from .files.plant import Plant

__all__ = ["Controller"]

End = Callable[[bytes, Call], bytes]

log = logging.getLogger(__name__)

RANDOM = SystemRandom()
FRAGMENT = 488  # octets of tag data in one reply outside of a connection
LARGEST = Limits().reply  # what a length of two octets can say, with some to spare
ITEMS = 16  # octets of a reply around what an object answers


class Controller:
    """One device, with all that it holds."""

    def __init__(
        self,
        tags: Iterable[TagSpec] = (),
        *,
        profile: Profile | None = None,
        limits: Limits | None = None,
        route_path: tuple[Port, ...] | None = None,
        routes: Any = None,
        size: int | None = None,
        attribute_class: Callable[..., Attribute] = Attribute,
        attribute_kwds: Mapping[str, Any] | None = None,
        delay: Callable[[], float] | None = None,
        observer: Observer | None = None,
        types: Types | None = None,
        programs: Iterable[str] = (),
        name: str = "cpppo",
        data_files: DataFiles | Mapping[str, Any] | None = None,
    ) -> None:
        self.profile = profile or Profile()
        self.limits = limits or Limits()
        self.route_path = route_path  # None: whatever a request says is for us
        self.routes = routes
        self.size = size
        self.delay = delay
        self.observer = observer
        self.quiet = Quiet(log)
        self.directory = Directory()
        self.identity = Identity(self.profile.identity)
        self.pccc = PCCC(self, data_files)
        for one in (
            self.identity,
            MessageRouter(self),
            ConnectionManager(self),
            TCPIP(self.profile.tcpip),
            self.pccc,
        ):
            self.add(one)
        kwds, counts = attribute_kwds or {}, takes_count(attribute_class)
        for program in programs:
            self.directory.program(program)
        self.directory.have(tags, attribute_class, kwds, counts)
        self.types = types or Types(published=True)
        # Where somebody has put a tag of his own, it is.
        for made in logix(self.directory, self.types, name, self.watch):
            if made.key not in self.directory.objects:
                self.add(made)
        for held in self.directory.objects.values():
            self.watch(held)
        self.connections = Connections(self.limits.opened)
        # Who answers over a connection, beside the message router: by the class and
        # the instance that its path ends in.
        self.ends: dict[tuple[int, int], End] = {DH_PLUS: self.pccc.from_dh_plus}
        self.clock = monotonic
        self._handles: set[int] = set()
        self._lock = Lock()

    @classmethod
    def of(
        cls,
        plant: Plant,
        tags: Iterable[TagSpec] | None = None,
        profile: Profile | None = None,
        **kwds: Any,
    ) -> Self:
        """One that holds a plant, as files describe it.

        Other tags stand for the plant's; what the plant says of its identity, it is.
        """
        if plant.name:
            kwds.setdefault("name", plant.name)
        return cls(
            plant.tags if tags is None else tags,
            profile=(profile or Profile()).identified(plant.identity),
            types=plant.types,
            programs=plant.programs,
            data_files=plant.data_files,
            **kwds,
        )

    # -- what it holds

    def add(self, one: Object) -> None:
        """Have an object."""
        self.watch(one)
        self.directory.add(one)

    def watch(self, one: Object) -> None:
        one.limit = self.limits.attributes
        if isinstance(one, Tagged) and self.observer is not None:
            one.observer = self.observed

    def observed(self, line: str) -> None:
        """Tell who watches; that he fails harms nobody else."""
        try:
            if self.observer is not None:
                self.observer(line)
        except Exception as exc:
            what = type(exc).__name__
            self.quiet.warning(
                "what is read and written is not told: %s: %s", what, exc
            )

    @property
    def tags(self) -> dict[str, Attribute]:
        """The tags, by their names as they were given."""
        return dict(self.directory)

    @property
    def plain(self) -> bool:
        """Whether reads and writes of plain tags need nobody's attention."""
        return self.observer is None and self.delay is None and self.size is None

    @once
    def reads(self) -> Reads:
        """What a request leaves in the registers; the same for every session."""
        return Reads()

    @property
    def room(self) -> int:
        """The octets that an object's reply may have."""
        most = min(self.limits.reply, LARGEST)
        if self.size is not None:
            most = min(most, self.size)
        return max(most - ITEMS, 8)

    # -- sessions

    def open_handle(self) -> int:
        """A handle that nobody has and nobody can guess."""
        with self._lock:
            while True:
                handle = RANDOM.getrandbits(32)
                if handle and handle not in self._handles:
                    self._handles.add(handle)
                    return handle

    def close_handle(self, handle: int) -> None:
        with self._lock:
            self._handles.discard(handle)

    def session(self, peer: Peer) -> Session:
        """What talks with one client."""
        return Session(self, peer)

    def datagram(self, octets: bytes, peer: Peer) -> bytes:
        """The answer to one datagram."""
        return datagram(octets, self, peer)

    # -- requests

    def call(self, forward: Any = None) -> Call:
        """The circumstances of a request that stands in no other."""
        room = self.room
        return Call(room, min(FRAGMENT, room - 8), forward=forward)

    def answer(self, octets: bytes, call: Call) -> bytes:
        """The reply to a request, whatever that is."""
        service = octets[0] if octets else 0
        try:
            reply = self.attended(octets, call)
        except Refusal as refusal:
            reply = refusal.answer.encode(service)
        except EncodeError as exc:
            self.quiet.warning("a reply cannot be written: %s", str(exc))
            return Answer(status=Status.DEVICE_STATE_CONFLICT).encode(service)
        if len(reply) > call.room:
            # There is always room for a status.
            status = reply[2] or Status.REPLY_TOO_LARGE
            return Answer(status=status).encode(service)
        return reply

    def attended(self, octets: bytes, call: Call) -> bytes:
        try:
            raw = MessageRouterRequest.decode(octets)
        except ProtocolError:
            said = shown(octets) or "none at all"
            self.quiet.warning("a request's path has too few octets: %s", said)
            raise Refusal(Status.PATH_SEGMENT_ERROR) from None
        segments = path_of(raw)
        target = self.directory.find(segments)
        if isinstance(target.object, ConnectionManager):
            method = target.object.managed.get(raw.service)
            if method is not None:
                return method(raw, call)
        known = target.object.services.get(raw.service)
        if known is None:
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        kind, name = known
        request = self.typed(octets, kind)
        answer = self.served(getattr(target.object, name), request, target, call)
        self.directory.remember(raw.path, target)
        return answer.encode(raw.service)

    def typed(self, octets: bytes, kind: Any) -> Any:
        """The request as what its service declares; or the status that says why not."""
        try:
            request = Request.decode(octets)
        except ProtocolError as exc:
            # As text: the error itself would keep all that it came through.
            self.quiet.warning("a request is wrong: %s", str(exc))
            raise Refusal(why(octets, exc)) from None
        if not isinstance(request, kind):
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        return request

    def served(
        self, method: Callable[..., Any], request: Any, target: Target, call: Call
    ) -> Answer:
        """What a service answers; a program's own attributes may raise anything."""
        try:
            answer = method(request, target, call)
        except Refusal:
            raise
        except (IndexError, KeyError):
            raise out_of_range() from None
        except EncodeError as exc:
            self.quiet.warning("%r gave no value to send: %s", target.named, exc)
            raise Refusal(Status.INVALID_ATTRIBUTE_VALUE) from None
        except Exception as exc:
            self.quiet.warning(
                "%r failed: %s: %s", target.named, type(exc).__name__, line_of(exc)
            )
            log.debug("the failure in full", exc_info=True)
            raise Refusal(Status.DEVICE_STATE_CONFLICT) from None
        return answer if isinstance(answer, Answer) else Answer(answer)


def takes_count(make: Callable[..., Attribute]) -> bool:
    """Whether what makes attributes can be told a count of values."""
    known = signature(make).parameters.values()
    return any(one.name == "count" or one.kind is one.VAR_KEYWORD for one in known)


def path_of(raw: MessageRouterRequest) -> Any:
    """The segments of a request's path."""
    try:
        words = len(raw.path) // 2
        return Path.decode(bytes([words]) + raw.path).segments
    except ProtocolError:
        raise Refusal(Status.PATH_SEGMENT_ERROR) from None


def why(octets: bytes, exc: ProtocolError) -> int:
    """The status for a request whose data do not read."""
    if isinstance(exc, Incomplete):
        return Status.NOT_ENOUGH_DATA
    run = Request.execution()
    finished = run.run(octets, len(octets), True) == FINISHED
    if finished and run.pos < len(octets):
        return Status.TOO_MUCH_DATA
    return Status.INVALID_PARAMETER


def shown(octets: bytes) -> str:
    """The beginning of some octets, for a log."""
    return octets[:32].hex(" ") + (" ..." if len(octets) > 32 else "")
