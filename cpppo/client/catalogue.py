# SPDX-License-Identifier: Apache-2.0
"""What is known of a controller: its tags, its structures, its BOOL arrays.

Over `line`, of which it is one, with `browse` and `templates`; under `logix` and
`asynchronous`.  Programs, as in `calls`.  A read or a write goes its way as it is; only
where a reply says that there is a structure, or a word of a BOOL array, what is needed
is learnt, once for each connection.  So plain values cost nothing more.

Rules.  What was learnt is forgotten with its connection.  A structure that a device
does not tell stays the octets that came.  What a device says wrongly is a
ProtocolError, and the connection is discarded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ProtocolError, StatusError, TransportError, Unexpected
from ..protocol.enip import Segment
from ..protocol.enip.path import Element, Symbol
from ..protocol.enip.status import Extended, Status
from ..protocol.enip.structures import BOOLS, StructureType
from .browse import (
    Listed,
    Listing,
    Named,
    Tag,
    hidden,
    named,
    program_of,
    tag,
    within,
)
from .calls import Call, Program
from .forms import Words
from .line import Line
from .operations import Operation, OperationError
from .result import READ, STRUCTURE, TEXT, Result
from .shapes import misshapen
from .structures import Bits, base, indexed, words
from .templates import Template, made
from .values import Kind, display
from .writes import Write, mismatched

__all__ = ["Catalogue"]

log = logging.getLogger(__name__)

Path = tuple[Segment, ...]

# The codes that do not say all of a type, and what a BOOL array says where its BOOLs
# are taken for words.
MORE = frozenset((STRUCTURE, BOOLS.tag_type))
BEYOND = frozenset((Status.GENERAL_ERROR, Status.PATH_DESTINATION_UNKNOWN))
REMEMBERED = 65536


class Catalogue(Line):
    """A line that learns what the tags at its other end are."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._listings: dict[str, dict[str, Listed]] = {}  # by scope, then name
        self._untold: set[str] = set()  # scopes whose lists were refused
        self._templates: dict[int, type[StructureType]] = {}
        self._handles: dict[int, type[StructureType]] = {TEXT.handle: TEXT}
        self._strangers: set[int] = set()  # handles that nobody tells of
        self._arrays: set[Path] = set()  # of BOOLs
        self._probed: set[Path] = set()
        self._worded: dict[str, Any] = {}
        self._tags: dict[str, Named[Tag]] = {}

    def forget(self) -> None:
        """Know nothing any more."""
        known = (self._listings, self._templates)
        for one in (*known, self._worded, self._tags):
            one.clear()
        for some in (self._untold, self._strangers, self._arrays, self._probed):
            some.clear()
        self._handles = {TEXT.handle: TEXT}
        self._types.clear()

    def close(self) -> None:
        super().close()
        self.forget()

    # -- programs

    def read(self, call: Call, operations: Sequence[Any]) -> Program[list[Result]]:
        """The results of reads, with structures and BOOL arrays as what they are."""
        if self._arrays:
            operations = self._in_words(operations)
        found = yield from super().read(call, operations)
        more = [
            nth
            for nth, one in enumerate(found)
            if one.code in MORE or one.status in BEYOND
        ]
        if more:
            yield from self._understand(call, found, more)
        return found

    def write(self, call: Call, writes: Sequence[Write]) -> Program[list[Result]]:
        """The results of writes; lists of lists have the shapes of their tags."""
        for one in writes:
            if one.shape:
                yield from self._shaped(call, one)
        meant = [
            one.untyped if one.cast and one.whole in self._arrays else one
            for one in writes
        ]
        results = yield from super().write(call, meant)
        doubtful = {
            nth: one.whole
            for nth, one in enumerate(meant)
            if one.cast
            and one.whole not in self._probed
            and (mismatched(results[nth]) or beyond(results[nth]))
        }
        if doubtful:
            yield from self._cast(call, writes, results, doubtful)
        return results

    def browse(
        self, call: Call, program: str | None = None, refresh: bool = False
    ) -> Program[Named[Tag]]:
        """The tags of a program; None: of the controller and all its programs."""
        if refresh:
            self.forget()
        if not isinstance(program, str | None):
            raise OperationError("a program's name expected", display(program), 0)
        if program is not None:
            program = program_of(program) or program
        key = "*" if program is None else program.lower()
        if key in self._tags:
            return self._tags[key]
        if program is not None:
            scopes = [program]
        else:
            listed = yield from self._listing(call, "")
            scopes = ["", *(one.program for one in listed.values() if one.program)]
        symbols: list[tuple[str, Listed]] = []
        refused: list[str] = []
        for scope in scopes:
            try:
                listed = yield from self._listing(call, scope)
            except StatusError as exc:
                if not scope or program is not None:
                    raise
                # One that keeps its tags to itself does not take away all others.
                log.warning("%s: %s", self.place, exc)
                refused.append(str(exc))
                continue
            symbols += [(scope, one) for one in listed.values() if not hidden(one)]
        wanted = {one.template for _, one in symbols if one.template}
        kinds = yield from self._learn(call, wanted)
        tags = [tag(scope, one, kinds) for scope, one in symbols]
        self._tags[key] = Named({one.name: one for one in tags}, refused)
        return self._tags[key]

    def programs(self, call: Call) -> Program[tuple[str, ...]]:
        """The names of the programs."""
        listed = yield from self._listing(call, "")
        return tuple(one.program for one in listed.values() if one.program)

    def structures(self, call: Call) -> Program[Named[type[StructureType]]]:
        """The structures of all tags, and those that they are made of, by name."""
        yield from self.browse(call)
        found: dict[str, type[StructureType]] = {}
        for kind in self._templates.values():
            found.setdefault(kind.__name__, kind)
        return Named(found)

    # -- lists and templates

    def _answers(
        self, call: Call, messages: Sequence[Operation]
    ) -> Program[list[Result]]:
        """What answers each: a status and octets."""
        found = yield from super().read(call, messages)
        for one in found:
            if one.encapsulated:
                raise StatusError(one.status & 0xFF, (), f"{one.tag}: {one.words}")
        return found

    def _listing(self, call: Call, program: str) -> Program[dict[str, Listed]]:
        """The symbols of a scope, by their names in small letters."""
        key = program.lower()
        known = self._listings.get(key)
        if known is not None:
            return known
        listing = Listing(program)
        while not listing.done:
            (one,) = yield from self._answers(call, [listing.request])
            self._took(call, listing, one)
            if listing.refused:
                problem = f"{listing.shown} are not told: {one.words}"
                raise StatusError(one.status & 0xFF, one.extended, problem)
        found = {one.name.lower(): one for one in listing.found}
        self._listings[key] = found
        self._untold.discard(key)
        return found

    def _learn(
        self, call: Call, wanted: Iterable[int]
    ) -> Program[dict[int, type[StructureType]]]:
        """The structures of templates, and those that they are made of."""
        known = dict(self._templates)
        learnt: dict[int, Template] = {}
        left = sorted(set(wanted) - known.keys())
        while left:
            several = [Template(one) for one in left]
            learnt |= {one.instance: one for one in several}
            busy = several
            while busy:
                answers = yield from self._answers(call, [one.request for one in busy])
                for one, answer in zip(busy, answers, strict=True):
                    self._took(call, one, answer)
                busy = [one for one in busy if not one.done]
            inside = {nth for one in several for nth in one.nested}
            left = sorted(inside - known.keys() - learnt.keys())
        try:
            found = made(learnt, known.get)
        except ProtocolError as exc:
            self._discard(call, exc)
            raise
        self._templates |= found
        for instance, kind in found.items():
            if not learnt[instance].refused:
                self._handles.setdefault(kind.handle, kind)
        return known | found

    def _took(self, call: Call, one: Listing | Template, answer: Result) -> None:
        try:
            one.took(answer.status, answer.octets)
        except ProtocolError as exc:
            self._discard(call, exc)
            raise

    def _shaped(self, call: Call, one: Write) -> Program[None]:
        """Refuse lists of lists of another shape than the tag's, if that is known."""
        scope, _ = named(one.path)
        for _ in range(2):
            fresh = scope.lower() not in self._listings
            sizes = yield from self._sizes(call, one.path)
            if sizes is None:
                return
            problem = misshapen(one.shape, sizes, one.path)
            if problem is None:
                return
            if fresh:
                raise OperationError(problem, f"{one.tag}=", len(one.tag) + 1)
            self._listings.clear()  # the tag may be another one by now
            self._tags.clear()

    def _sizes(self, call: Call, path: Path) -> Program[tuple[int, ...] | None]:
        """The dimensions of a tag; None where nobody tells."""
        scope, name = named(path)
        if any(isinstance(part, Symbol) for part in path[2 if scope else 1 :]):
            return None  # a member's are nowhere told
        if scope.lower() in self._untold:
            return None
        try:
            listed = yield from self._listing(call, scope)
        except StatusError as exc:
            # Not at each write again.
            self._untold.add(scope.lower())
            log.info("%s: %s", self.place, exc)
            return None
        found = within(listed, name)
        return None if found is None else found.sizes

    def _operation(self, call: Call, one: Write, kind: Kind) -> Program[Operation]:
        sizes = None
        if issubclass(kind, StructureType) and one.in_rows:
            sizes = yield from self._sizes(call, one.path)
        return one.typed(kind, sizes or ())

    # -- what a reply does not say

    def _cast(
        self,
        call: Call,
        writes: Sequence[Write],
        results: list[Result],
        doubtful: Mapping[int, Path],
    ) -> Program[None]:
        """Write BOOLs that were refused, if an array of them was taken for words."""
        again: dict[int, Words] = {}
        try:
            yield from self._probe(call, results, doubtful, again)
            several = [writes[nth].untyped for nth in again]
            found = yield from super().write(call, several)
        except (TransportError, ProtocolError) as exc:
            # Nothing was written: it is as it was.
            log.info("%s: types could not be learnt: %s", self.place, exc)
            return
        for nth, one in zip(again, found, strict=True):
            results[nth] = one

    def _understand(
        self, call: Call, found: list[Result], more: Iterable[int]
    ) -> Program[None]:
        """Have the results of structures and BOOL arrays be what they are."""
        again: dict[int, Words] = {}
        doubtful: dict[int, Path] = {}
        for nth in more:
            one = found[nth]
            if one.prepared.form != READ or one.prepared.bit >= 0 or one.prepared.base:
                continue
            if one.code == STRUCTURE:
                yield from self._structured(call, one)
            elif isinstance(one.operation, Words):
                one.kind = Bits(one.operation.first, one.operation.count)
            elif isinstance(one.operation.path[0], Symbol) and is_plain(one):
                self._doubt(nth, one, again, doubtful)
        if doubtful:
            yield from self._probe(call, found, doubtful, again)
        yield from self._again(call, found, again)

    def _doubt(
        self, nth: int, one: Result, again: dict[int, Words], doubtful: dict[int, Path]
    ) -> None:
        """Whether a result is that of a BOOL array, or may be."""
        path = base(one.operation.path)
        if one.code == BOOLS.tag_type:
            self._arrays.add(path)
            again[nth] = words(one.operation)
        elif beyond(one) and path not in self._probed:
            doubtful[nth] = path

    def _again(
        self, call: Call, found: list[Result], again: Mapping[int, Words]
    ) -> Program[None]:
        """Read the words of BOOLs, where they did not come by chance."""
        several = {nth: one for nth, one in again.items() if not taken(found[nth], one)}
        if not several:
            return
        results = yield from super().read(call, list(several.values()))
        for nth, one in zip(several, results, strict=True):
            if one.code == BOOLS.tag_type:
                one.kind = Bits(several[nth].first, several[nth].count)
            one.index = found[nth].index
            found[nth] = one

    def _probe(
        self,
        call: Call,
        found: Sequence[Result],
        doubtful: Mapping[int, Path],
        again: dict[int, Words],
    ) -> Program[None]:
        """Whether what lies beyond a tag are BOOLs of an array, taken for words."""
        paths = list(dict.fromkeys(doubtful.values()))
        if len(self._probed) >= REMEMBERED:
            self._probed.clear()
        self._probed.update(paths)
        probes = [Operation("read", path) for path in paths]
        results = yield from super().read(call, probes)
        for path, one in zip(paths, results, strict=True):
            if one.code == BOOLS.tag_type:
                self._arrays.add(path)
        for nth, path in doubtful.items():
            if path in self._arrays:
                again[nth] = words(found[nth].operation)

    def _in_words(self, operations: Sequence[Any]) -> list[Any]:
        """The same operations, those of known BOOL arrays by their words."""
        return [self._word(one) for one in operations]

    def _word(self, given: Any) -> Any:
        if not isinstance(given, str):
            return self._meant(given)
        found = self._worded.get(given)
        if found is None:
            if len(self._worded) >= REMEMBERED:
                self._worded.clear()
            # Where it is none, it is sent as it was given.
            found = self._worded[given] = self._meant(given)
        return found

    def _meant(self, given: Any) -> Any:
        one = Operation.parse(given) if isinstance(given, str) else Operation.of(given)
        plain = one.method == "read" and one.offset is None and type(one) is Operation
        if plain and indexed(one.path) and base(one.path) in self._arrays:
            return words(one)
        return given

    def _structured(self, call: Call, one: Result) -> Program[None]:
        """Have a result know its structure, which may have to be learnt."""
        handle, path = one.handle, one.operation.path
        kind = yield from self._known_by(call, path, handle)
        if kind is None and handle not in self._strangers:
            try:
                kind = yield from self._found(call, path, handle)
            except StatusError as exc:
                log.info("%s: %s", self.place, exc)
            if kind is None:
                self._strangers.add(handle)
        elif kind is not None and not one.fits(kind):
            # It may be another one's of the same handle, in a scope not looked at yet.
            yield from self._listing(call, named(path)[0])
            kind = yield from self._known_by(call, path, handle, True)
        if kind is None:
            return
        if not one.fits(kind):
            count = one.prepared.elements
            problem = f"{len(one.octets)} octets are not {count} of {kind.__name__}"
            wrong = Unexpected(f"{one.tag}: {problem}", machine="reply")
            self._discard(call, wrong)
            raise wrong
        one.kind = kind

    def _known_by(
        self, call: Call, path: Path, handle: int, doubtful: bool = False
    ) -> Program[type[StructureType] | None]:
        """The structure of a handle, if it is known.

        Handles are sums of 16 bits: of several structures that have the same one, it is
        that which the list says of the tag.
        """
        found = self._handles.get(handle)
        scope, name = named(path)
        one = self._listings.get(scope.lower(), {}).get(str(name).lower())
        if found is None or one is None or not one.template:
            return found
        inside = [one for one in path[2 if scope else 1 :] if isinstance(one, Symbol)]
        if one.template not in self._templates and (doubtful or not inside):
            yield from self._learn(call, {one.template})
        kind: Any = self._templates.get(one.template)
        for segment in inside:
            member: Any = kind.member(segment.name) if kind is not None else None
            nested = member is not None and issubclass(member.type, StructureType)
            kind = member.type if nested else None
        return kind if kind is not None and kind.handle == handle else found

    def _found(
        self, call: Call, path: Path, handle: int
    ) -> Program[type[StructureType] | None]:
        """The structure of a handle, by the tag that has it; the list may be old."""
        scope, name = named(path)
        if not name:
            return None
        for _ in range(2):
            fresh = scope.lower() not in self._listings
            listed = yield from self._listing(call, scope)
            one = within(listed, name)
            if one is not None and one.template:
                yield from self._learn(call, {one.template})
                if handle in self._handles:
                    return self._handles[handle]
            if fresh:
                break
            # What is not as it was then, is learnt anew.
            self._listings.clear()
            self._templates.clear()
            self._tags.clear()
            self._types.clear()
        return None


def is_plain(one: Result) -> bool:
    """Whether elements were asked for as an array of BOOLs has them."""
    return one.operation.offset is None and indexed(one.operation.path)


def beyond(one: Result) -> bool:
    """Whether a read may have failed because it took BOOLs for words."""
    operation = one.operation
    if one.status not in BEYOND:
        return False
    several = operation.elements > 1 or isinstance(operation.path[-1], Element)
    if one.status == Status.GENERAL_ERROR and Extended.OUT_OF_RANGE not in one.extended:
        return False
    return several


def taken(one: Result, meant: Words) -> bool:
    """Whether what came has the words that were meant; then it knows its BOOLs."""
    same = one.status == 0 and one.code == BOOLS.tag_type
    there = one.operation.path in {meant.path, base(meant.path)}
    if not same or not there or meant.path[-1] != Element(0):
        return False
    if one.prepared.elements < meant.elements:
        return False
    one.kind = Bits(meant.first, meant.count)
    return True
