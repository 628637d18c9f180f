# SPDX-License-Identifier: Apache-2.0
"""Writes a record's octets: a plan of steps for each class, and the run of them.

Beside `lower`, from the same declaration.  Compiled where a compiler is found.
Rules: derived fields are worked out here and nowhere else; a value that its field
cannot hold is an EncodeError that names class and field.
"""

from __future__ import annotations

import struct
from array import array
from typing import Any

from ..automata.rows import DEEPEST
from ..errors import EncodeError

STEP = 8  # ints of a step: what, the value's index, six operands
SLOTS = 512  # places in the output that a run remembers

STEPS = (
    "INT",
    "COUNT",
    "TAGGED",
    "MEASURED",
    "OCTET",
    "NESTED",
    "LIST",
    "HOLD",
    "FROM",
    "PAD",
    "OCTETS",
    "TEXT",
    "FILL",
    "IN_TAG",
    "BITS",
    "STOP",
    "PACK",
    "NUMBERS",
    "LARGE",
    "CODEC",
    "DIGITS",
    "INSERT",
    "GUARD",
)


class Plan:
    """How one class is written, in one of its spellings."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = array("i", [0])
        self.count = 0
        self.objects: list[Any] = []
        self.fields: list[str] = []
        self.slots = 0
        self.nests = False  # whether it may hold itself
        self.tested = False
        self.index = -1  # of the one value whose range is all that matters
        self.least = 0
        self.most = 0
        self.ranges: list[tuple[int, int, int]] = []  # value's index, least, most
        self.types: list[tuple[int, Any, int, str | None]] = []
        self.others: Any = None  # the next spelling, for what does not fit this one

    def settle(self, steps: list[int], objects: list[Any], fields: list[str]) -> None:
        self.steps = array("i", steps or [0])
        self.count = len(steps)
        self.objects = objects
        self.fields = fields

    def test(self, ranges: Any, types: Any) -> None:
        """What values must be for this spelling to hold them."""
        self.tested = True
        if len(ranges) == 1 and not types:
            self.index, self.least, self.most = ranges[0]
        self.ranges = ranges
        self.types = types

    def fits(self, values: Any) -> bool:
        """Whether these values can be written in this spelling."""
        if self.index >= 0:
            value = values[self.index]
            if not isinstance(value, int):
                return False
            number = value
            return self.least <= number <= self.most
        for index, wanted, size, encoding in self.types:
            value = values[index]
            if not isinstance(value, wanted):
                return False
            if size >= 0 and size != octets_of(value, encoding):
                return False
        for index, least, most in self.ranges:
            value = values[index]
            if not isinstance(value, int) or value < least or value > most:
                return False
        return True


class Writer:
    """Encodes records of one class."""

    def __init__(self, plans: Any) -> None:
        self.plans = plans
        # As in reading, the outermost does not count among those that hold themselves.
        self.first = -1 if any(plan.nests for plan in plans.values()) else 0
        self.idle: list[Any] = []

    def encode(self, record: Any) -> bytes:
        """The octets of a record."""
        try:
            emission = self.idle.pop()
        except IndexError:  # all are at work, in other threads or around this one
            emission = Emission()
        emission.begin()
        emission.depth = self.first
        emission.write(self.plans, record)
        octets: bytes = emission.result()
        self.idle.append(emission)
        return octets


class Emission:
    """One run of plans, into one buffer that is longer than what it holds."""

    def __init__(self) -> None:
        self.out = bytearray(512)
        self.slots = array("q", bytes(8 * SLOTS))
        self.ceiling = SLOTS
        self.deepest = DEEPEST
        self.begin()

    def begin(self) -> None:
        self.size = 0
        self.top = 0
        self.depth = 0

    def result(self) -> bytes:
        p = self.out
        octets = bytes(p[: self.size])
        if len(self.out) > 65536:  # not kept for ever because of one large message
            self.out = bytearray(512)
        return octets

    def number(self, value: int, width: int, big: int, at: int) -> None:
        """A number whose range was looked at, to a place in the output."""
        out = self.out
        if width == 4 and not big:
            out[at] = value & 255
            out[at + 1] = value >> 8 & 255
            out[at + 2] = value >> 16 & 255
            out[at + 3] = value >> 24 & 255
            return
        k = width
        while k > 0:
            k -= 1
            n = at + (width - 1 - k if big else k)
            out[n] = value >> 8 * k & 255

    def write(self, plans: Any, record: Any) -> None:
        """Append one record's octets, by the plan of its class."""
        plan = plans.get(type(record))
        if plan is None:
            raise TypeError(f"{record!r} is no message that goes here")
        one = record
        values = one._values
        if plan.tested:
            while not plan.fits(values):
                if plan.others is None:
                    raise EncodeError(f"{plan.name}: no spelling of it fits {record!r}")
                plan = plan.others
        base = self.top
        if base + plan.slots >= self.ceiling:
            raise EncodeError(f"{plan.name}: is nested too deep")
        self.top = base + plan.slots
        if plan.nests:
            if self.depth >= self.deepest:
                raise EncodeError(
                    f"{plan.name}: is nested too deep, holding itself"
                    f" more than {self.deepest} times"
                )
            self.depth += 1
            self.run(plan, values, base)
            self.depth -= 1
        else:
            self.run(plan, values, base)
        self.top = base

    def run(self, plan: Plan, values: Any, base: int) -> None:
        INT, COUNT, TAGGED, MEASURED, OCTET, NESTED, LIST = 0, 1, 2, 3, 4, 5, 6
        HOLD, FROM, PAD, OCTETS, TEXT, FILL, IN_TAG, STOP = 7, 8, 9, 10, 11, 12, 13, 15
        INSERT, GUARD = 21, 22
        steps = plan.steps
        objects = plan.objects
        count = plan.count
        out = self.out
        room = len(out) - 16
        n = self.size
        i = 0
        try:
            while i < count:
                if n > room:  # as far as is known: what is nested may have made more
                    if n > len(out) - 16:
                        out = self.longer(n)
                    room = len(out) - 16
                step = steps[i]
                a = steps[i + 2]
                if step <= MEASURED:
                    b = steps[i + 3]
                    at = n
                    if step == INT:
                        number = values[steps[i + 1]]
                    elif step == MEASURED:
                        # Where the length was held, and what it is the length of.
                        at = self.slots[base + steps[i + 4]]
                        number = n - self.slots[base + steps[i + 5]]
                        k = steps[i + 6]
                        if number % k:
                            raise ValueError(f"{number} octets are no multiple of {k}")
                        number = number // k + steps[i + 7]
                        n -= a
                    elif step == TAGGED:
                        number = self.tag(objects[steps[i + 4]], values[steps[i + 1]])
                    else:
                        several = values[steps[i + 1]]
                        number = len(several)
                    if b == 0 and a == 1:
                        if number & -256:
                            raise ValueError(f"{number} does not fit 1 octet")
                        out[at] = number
                    elif b == 0 and a == 2:
                        if number & -65536:
                            raise ValueError(f"{number} does not fit 2 octets")
                        out[at] = number & 255
                        out[at + 1] = number >> 8
                    else:
                        # What is beyond its octets: nothing, or copies of the sign.
                        k = number >> (8 * a - 1 if b & 2 else 8 * a)
                        if k != 0 and (k != -1 or b < 2):
                            raise ValueError(f"{number} does not fit {a} octets")
                        self.number(number, a, b & 1, at)
                    n += a
                elif step == NESTED:
                    self.size = n
                    self.write(objects[a], values[steps[i + 1]])
                    n = self.size
                    out = self.out
                elif step == HOLD:
                    self.slots[base + steps[i + 4]] = n
                    n += a
                    k = steps[i + 5]
                    if k:  # what it is the length of begins here
                        self.slots[base + k] = n
                elif step == OCTET:
                    out[n] = a
                    n += 1
                elif step == FROM:
                    self.slots[base + a] = n
                elif step == LIST:
                    several = values[steps[i + 1]]
                    self.size = n
                    for value in several:
                        self.write(objects[a], value)
                    n = self.size
                    out = self.out
                elif step == GUARD:
                    self.guard(values[steps[i + 1]], objects[a])
                elif step == PAD:
                    b = steps[i + 3]
                    k = (n - self.slots[base + a]) % b
                    if k:
                        n = self.fill(steps[i + 4], b - k, n)
                        out = self.out
                elif step == OCTETS:
                    value = values[steps[i + 1]]
                    if not isinstance(value, (bytes, bytearray)):
                        raise TypeError(f"{value!r} are no octets")
                    if a >= 0 and len(value) != a:
                        raise ValueError(f"{len(value)} octets are not {a}")
                    n = self.append(value, n)
                    out = self.out
                elif step == TEXT:
                    value = values[steps[i + 1]]
                    if not isinstance(value, str):
                        raise TypeError(f"{value!r} is no text")
                    octets = value.encode(objects[steps[i + 3]])
                    if a >= 0 and len(octets) != a:
                        raise ValueError(
                            f"{value!r} takes {len(octets)} octets, not {a}"
                        )
                    n = self.append(octets, n)
                    out = self.out
                elif step == IN_TAG:
                    number = values[steps[i + 1]]
                    b = steps[i + 4]
                    if number & b != number:
                        raise ValueError(
                            f"{number} does not fit the tag's bits 0x{b:02X}"
                        )
                    # A second part of one tag adds its bits to those of the first.
                    n -= steps[i + 6]
                    b = out[n] if steps[i + 6] else a
                    out[n] = b | number << steps[i + 5] & 255
                    n += 1
                elif step == FILL and a == 1:
                    out[n] = steps[i + 3]
                    n += 1
                elif step == FILL:
                    n = self.fill(steps[i + 3], a, n)
                    out = self.out
                elif step == STOP:
                    if self.defaults(values, objects[a]):
                        break
                elif step == INSERT:
                    at = self.slots[base + steps[i + 3]]
                    k = self.slots[base + steps[i + 4]]
                    n = self.insert(plan, objects[a], at, k, n)
                    out = self.out
                else:
                    n = self.append(
                        self.rare(step, values, steps[i + 1], objects[a]), n
                    )
                    out = self.out
                i += 8
        except (TypeError, ValueError, OverflowError, AttributeError) as exc:
            if isinstance(exc, EncodeError):
                raise
            raise EncodeError(f"{plan.name}.{plan.fields[i // STEP]}: {exc}") from None
        self.size = n

    def longer(self, size: int) -> Any:
        """A longer buffer, for what does not fit."""
        self.out = self.out + bytearray(len(self.out) + size)
        return self.out

    def append(self, octets: Any, n: int) -> int:
        """Put octets at `n`; where they end."""
        size = len(octets)
        if n + size > len(self.out):
            self.longer(n + size)
        out = self.out
        if size > 4:
            out[n : n + size] = octets
            return n + size
        p = octets
        k = 0
        while k < size:  # a slice of a few costs more than they do
            out[n] = p[k]
            n += 1
            k += 1
        return n

    def insert(self, plan: Plan, how: Any, held: int, begin: int, n: int) -> int:
        """Put the digits of a length before what they measure."""
        most, end, unit, bias = how
        base = self.top - plan.slots
        if (n - begin) % unit:
            raise ValueError(f"{n - begin} octets are no multiple of {unit}")
        text = decimal((n - begin) // unit + bias, most, end)
        self.append(text, n)  # for the room
        self.out[held : n + len(text)] = text + bytes(self.out[held:n])
        for slot in range(base, base + plan.slots):
            if self.slots[slot] >= begin:  # what is noted of these moves with them
                self.slots[slot] += len(text)
        return n + len(text)

    def fill(self, octet: int, size: int, n: int) -> int:
        """Put the same octet so many times."""
        if n + size > len(self.out):
            self.longer(n + size)
        out = self.out
        while size > 0:
            out[n] = octet
            n += 1
            size -= 1
        return n

    def guard(self, value: Any, how: Any) -> None:
        """Refuse what would be read back as another variant."""
        index, wanted, must, names = how
        several = value if index < 0 else value._values[index]
        i = len(wanted)
        same = len(several) >= i
        while same and i > 0:
            i -= 1
            one = several[i]
            same = type(one) is type(wanted[i]) and one == wanted[i]
        if same != must:
            other = "does not begin" if must else "begins"
            raise ValueError(f"it {other} with {names}, so another variant is read")

    def tag(self, tags: Any, value: Any) -> int:
        known = tags.get(type(value))
        if known is None:
            raise TypeError(f"{value!r} is no variant that goes here")
        number: int = known
        if number < 0:  # it carries its own
            number = value._values[-number - 1]
        return number

    def defaults(self, values: Any, wanted: Any) -> bool:
        """Whether these and all later fields are what their absence means."""
        for index, default in wanted:
            if values[index] != default or type(values[index]) is not type(default):
                return False
        return True

    def rare(self, step: int, values: Any, index: int, how: Any) -> bytes:
        """The steps that need Python's own machinery."""
        value = values[index]
        if step == STEPS.index("PACK"):
            return bytes(packed(how, value))
        if step == STEPS.index("NUMBERS"):
            return b"".join([packed(how, one) for one in value])
        if step == STEPS.index("LARGE"):
            width, order, signed = how
            return int(value).to_bytes(width, order, signed=signed)
        if step == STEPS.index("CODEC"):
            return bytes(how(value))
        if step == STEPS.index("DIGITS"):
            most, end, counted = how
            return decimal(
                value if counted is None else len(values[counted]), most, end
            )
        width, parts = how
        number = 0
        for place, shift, size, field in parts:
            part = int(values[place])
            if part < 0 or part >> size:
                raise ValueError(f"{part} does not fit the {size} bits of {field}")
            number |= part << shift
        return number.to_bytes(width, "little")


def octets_of(value: Any, encoding: str | None) -> int:
    """How many octets a text, or octets, would take; -1 for a text that cannot."""
    if encoding is None:
        return len(value)
    try:
        return len(value.encode(encoding))
    except UnicodeError:
        return -1


def decimal(number: int, most: int, end: bytes) -> bytes:
    """A number as digits, and what ends them."""
    if not isinstance(number, int) or number < 0 or len(text := b"%d" % number) > most:
        raise ValueError(f"{number!r} does not fit {most} digits")
    return text + end


def packed(how: struct.Struct, value: Any) -> bytes:
    try:
        return how.pack(value)
    except struct.error as exc:
        raise ValueError(str(exc)) from None
