# SPDX-License-Identifier: Apache-2.0
"""Messages out of a stream: takes octets as they come, cut anywhere.

Over `engine`, under the shells that own sockets; does no input or output itself.

Rules.  Reading costs in proportion to the octets, however they are cut: a message
that lies whole in what was fed is read where it lies, and only one that is cut is
kept, in one buffer, and gone on with where it stood.  Nothing is lost to an error:
messages that were complete before it are given out first, and the next call raises
it; so does every call after that, because a stream has no place to begin anew.
Places in errors count from the first octet of the message that failed, as those of
`decode` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from ..automata.rows import FAILED, FINISHED, WAITING
from ..errors import GrammarError, Incomplete, Malformed, ProtocolError

if TYPE_CHECKING:
    from .message import Message

__all__ = ["MessageParser"]

M = TypeVar("M", bound="Message")


class MessageParser(Generic[M]):
    """Cuts a stream of octets into messages of one class.

    A message that only the end of the input can end, as one whose last field takes
    all the rest, is given out by `close`.
    """

    def __init__(self, cls: type[M], limit: int = 1 << 20) -> None:
        if limit < 1:
            raise GrammarError(f"a limit of {limit} octets lets no {cls.__name__} in")
        self.cls = cls
        self.limit = limit
        self.taken = 0  # octets of all messages given out
        self.failure: ProtocolError | None = None
        self._engine = cls.engine()
        self._execution = self._engine.execution()
        self._held = bytearray()  # of the message that is not complete
        self._closed = False

    @property
    def buffered(self) -> int:
        """How many octets are held of a message that is not complete yet."""
        return len(self._held)

    def feed(self, octets: bytes | bytearray | memoryview) -> list[M]:
        """The messages that these octets complete; none, while more must come."""
        self._raise()
        if self._closed:
            raise ValueError("the parser was closed: nothing more can be fed")
        octets = octets if type(octets) is bytes else bytes(octets)
        found: list[M] = []
        try:
            begin = self._resumed(octets, found) if self._held else 0
            while begin < len(octets):
                begin = self._message(octets, begin, found)
        except ProtocolError as exc:
            self._fail(exc)
            if not found:
                raise
        return found

    def close(self) -> list[M]:
        """The end of the input: the message that it completes, if it does.

        Raises Incomplete inside a message, and any error that was not raised yet.
        """
        self._raise()
        self._closed = True
        if not self._held:
            return []
        found: list[M] = []
        try:
            status = self._execution.run(self._held, len(self._held), True)
            if status != FINISHED:
                raise self._reason(bytes(self._held), final=True)
            self._complete(bytes(self._held), 0, found)
        except ProtocolError as exc:
            self._fail(exc)
            raise
        self._held = bytearray()
        return found

    # -- reading

    def _begin(self, at: int) -> None:
        # The limit is that of the outermost section, so what announces more than
        # it allows fails where it is announced.  One octet beyond it is let in, to
        # tell a message that fills it from one that goes on.
        self._execution.unlimited = at + self.limit + 1
        self._execution.reset(at)

    def _message(self, octets: bytes, begin: int, found: list[M]) -> int:
        """Read one message where it lies, and say where the next begins."""
        self._begin(begin)
        status = self._execution.run(octets, len(octets), False)
        if status == FINISHED:
            return self._complete(octets, begin, found)
        if status == FAILED:
            raise self._reason(octets[begin:])
        # What is kept has its own places; so far, it is read once more.
        self._held = bytearray(memoryview(octets)[begin:])
        self._begin(0)
        self._execution.run(self._held, len(self._held), False)
        return len(octets)

    def _resumed(self, octets: bytes, found: list[M]) -> int:
        """Go on with what is kept; answers how many of the octets it took."""
        before = len(self._held)
        self._held += octets
        status = self._execution.run(self._held, len(self._held), False)
        if status == WAITING:
            return len(octets)
        if status == FAILED:
            raise self._reason(bytes(self._held))
        end = int(self._execution.pos)
        self._complete(bytes(memoryview(self._held)[:end]), 0, found)
        self._held = bytearray()
        return end - before

    def _complete(self, octets: bytes, begin: int, found: list[M]) -> int:
        """Give out the message that was read from here; answers where it ends."""
        execution, engine = self._execution, self._engine
        end = int(execution.pos)
        if end == begin:
            raise GrammarError(
                f"{self.cls.__name__} takes no octets: a stream has no such messages"
            )
        if end - begin > self.limit:
            raise self._too_long(octets[begin:end])
        try:
            value = engine.build(execution, octets)
        except ProtocolError:
            engine.reader.decode(octets[begin:end])  # says where, from its beginning
            raise
        found.append(value)
        self.taken += end - begin
        return end

    # -- failing

    def _raise(self) -> None:
        if self.failure is not None:
            raise self.failure.with_traceback(None)

    def _fail(self, failure: ProtocolError) -> None:
        self.failure = failure
        self._held = bytearray()

    def _reason(self, octets: bytes, final: bool = False) -> ProtocolError:
        """Why a message was not read: itself, or the limit set here."""
        failed = self._execution
        plain = self._engine.execution()
        plain.reset(0)
        status = plain.run(octets, len(octets), final)
        if status != FAILED or plain.reason != failed.reason or plain.pc != failed.pc:
            return self._too_long(octets)
        reason: ProtocolError = self._engine.failure(plain, octets)
        if final and not isinstance(reason, Incomplete | Malformed):
            return Incomplete("the input ended", machine=self.cls.__name__)
        return reason

    def _too_long(self, octets: bytes) -> Malformed:
        return Malformed(
            f"is longer than {self.limit} octets, which is the limit",
            machine=self.cls.__name__,
            offset=self.limit,
            around=octets[:8],
        )
