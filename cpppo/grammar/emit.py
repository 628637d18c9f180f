# SPDX-License-Identifier: Apache-2.0
"""Writes a record's octets: a plan of steps for each class, and the run of them.

Beside `lower`, from the same declaration.  Compiled where a compiler is found.
Rules: derived fields are worked out here and nowhere else; a value that its field
cannot hold is an EncodeError that names class and field.
"""

from __future__ import annotations

from array import array
from typing import Any

from ..errors import EncodeError

STEP = 6  # ints of a step: what, the value's index, four operands
SLOTS = 512  # places in the output that a run remembers
DEEPEST = 32

STEPS = (
    "INT",
    "OCTET",
    "NESTED",
    "LIST",
    "HOLD",
    "FROM",
    "MEASURED",
    "COUNT",
    "TAGGED",
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
        self.tests: list[tuple[Any, ...]] = []
        self.others: Any = None  # the next spelling, for what does not fit this one

    def settle(self, steps: list[int], objects: list[Any], fields: list[str]) -> None:
        self.steps = array("i", steps or [0])
        self.count = len(steps)
        self.objects = objects
        self.fields = fields

    def fits(self, values: Any) -> bool:
        """Whether these values can be written in this spelling."""
        for index, least, most in self.tests:
            value = values[index]
            if least is None:
                if not isinstance(value, most):
                    return False
            elif not isinstance(value, int) or value < least or value > most:
                return False
        return True


class Writer:
    """Encodes records of one class."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.idle: list[Any] = []

    def encode(self, record: Any) -> bytes:
        """The octets of a record."""
        emission = self.idle.pop() if self.idle else Emission()
        emission.begin()
        emission.write(self.plan, record)
        octets = bytes(emission.out)
        self.idle.append(emission)
        return octets


class Emission:
    """One run of plans, into one buffer."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.slots = array("q", bytes(8 * SLOTS))
        self.top = 0
        self.depth = 0

    def begin(self) -> None:
        self.out = bytearray()
        self.top = 0
        self.depth = 0

    def integer(self, value: int, width: int, big: int) -> None:
        """A number whose range was looked at."""
        out = self.out
        if width == 1:
            out.append(value & 255)
        elif big:
            while width > 0:
                width -= 1
                out.append(value >> 8 * width & 255)
        elif width == 2:
            out.append(value & 255)
            out.append(value >> 8 & 255)
        elif width == 4:
            out.append(value & 255)
            out.append(value >> 8 & 255)
            out.append(value >> 16 & 255)
            out.append(value >> 24 & 255)
        else:
            while width > 0:
                out.append(value & 255)
                value >>= 8
                width -= 1

    def patch(self, at: int, value: int, width: int, big: int) -> None:
        """Write a length where it was held free."""
        out = self.out
        k = width
        while k > 0:
            k -= 1
            n = at + (width - 1 - k if big else k)
            out[n] = value >> 8 * k & 255

    def unsigned(self, value: int, width: int) -> None:
        if value < 0 or (width < 8 and value >> 8 * width):
            raise ValueError(f"{value} does not fit {width} octets")

    def write(self, plan: Plan, record: Any) -> None:
        """Append one record's octets."""
        values = record._values
        while plan.tests and not plan.fits(values):
            if plan.others is None:
                raise EncodeError(f"{plan.name}: no spelling of it fits {record!r}")
            plan = plan.others
        if self.depth >= DEEPEST or self.top + plan.slots >= SLOTS:
            raise EncodeError(f"{plan.name}: is nested too deep")
        base = self.top
        self.top = base + plan.slots
        self.depth += 1
        at = 0
        try:
            at = self.run(plan, values, base)
        except EncodeError:
            raise
        except (TypeError, ValueError, OverflowError, AttributeError) as exc:
            raise EncodeError(f"{plan.name}.{self.where(plan)}: {exc}") from None
        self.depth -= 1
        self.top = base

    def where(self, plan: Plan) -> str:
        return plan.fields[self.at // STEP]

    def run(self, plan: Plan, values: Any, base: int) -> int:
        INT, OCTET, NESTED, LIST, HOLD, FROM, MEASURED = 0, 1, 2, 3, 4, 5, 6
        COUNT, TAGGED, PAD, OCTETS, TEXT, FILL, IN_TAG = 7, 8, 9, 10, 11, 12, 13
        STOP = 15
        out = self.out
        steps = plan.steps
        slots = self.slots
        count = plan.count
        i = 0
        while i < count:
            self.at = i
            step = steps[i]
            a = steps[i + 2]
            b = steps[i + 3]
            if step == INT:
                number = values[steps[i + 1]]
                if steps[i + 4]:
                    n = number >> 8 * a - 1  # nothing but copies of the sign
                    if n != 0 and n != -1:
                        raise ValueError(f"{number} does not fit {a} signed octets")
                elif number < 0 or number >> 8 * a:
                    raise ValueError(f"{number} does not fit {a} octets")
                self.integer(number, a, b)
            elif step == OCTET:
                out.append(a)
            elif step == NESTED:
                value = values[steps[i + 1]]
                inner = plan.objects[a].get(type(value))
                if inner is None:
                    raise TypeError(f"{value!r} is no message that goes here")
                self.write(inner, value)
                self.at = i
            elif step == LIST:
                several = values[steps[i + 1]]
                for value in several:
                    inner = plan.objects[a].get(type(value))
                    if inner is None:
                        raise TypeError(f"{value!r} is no message that goes here")
                    self.write(inner, value)
                    self.at = i
            elif step == HOLD:
                slots[base + steps[i + 4]] = len(out)
                self.integer(0, a, 0)
            elif step == FROM:
                slots[base + a] = len(out)
            elif step == MEASURED:
                # Operands: held slot, slot of the beginning, and the mark behind it.
                self.measured(plan.objects[steps[i + 4]], slots[base + a], slots[base + b])
            elif step == COUNT:
                several = values[steps[i + 1]]
                number = len(several)
                self.unsigned(number, a)
                self.integer(number, a, b)
            elif step == TAGGED:
                value = values[steps[i + 1]]
                number = self.tag(plan.objects[steps[i + 4]], value)
                self.integer(number, a, b)
            elif step == OCTETS:
                value = values[steps[i + 1]]
                if not isinstance(value, (bytes, bytearray)):
                    raise TypeError(f"{value!r} are no octets")
                if a >= 0 and len(value) != a:
                    raise ValueError(f"{len(value)} octets are not {a}")
                out += value
            elif step == TEXT:
                value = values[steps[i + 1]]
                if not isinstance(value, str):
                    raise TypeError(f"{value!r} is no text")
                octets = value.encode(plan.objects[b])
                if a >= 0 and len(octets) != a:
                    raise ValueError(f"{value!r} takes {len(octets)} octets, not {a}")
                out += octets
            elif step == PAD:
                n = (len(out) - slots[base + a]) % b
                if n:
                    n = b - n
                while n > 0:
                    out.append(steps[i + 4])
                    n -= 1
            elif step == FILL:
                n = a
                while n > 0:
                    out.append(b)
                    n -= 1
            elif step == IN_TAG:
                self.in_tag(values, a, plan.objects[b])
            elif step == STOP:
                if self.defaults(values, plan.objects[a]):
                    return i
            else:
                self.rare(step, values[steps[i + 1]], values, plan.objects[a])
            i += 6
        return i

    def measured(self, mark: Any, held: int, begin: int) -> None:
        """A length, known now, into the place held for it."""
        width, big, unit, bias = mark
        size = len(self.out) - begin
        if size % unit:
            raise ValueError(f"{size} octets are no multiple of {unit}")
        number = size // unit + bias
        self.unsigned(number, width)
        self.patch(held, number, width, big)

    def tag(self, tags: Any, value: Any) -> int:
        number = tags.get(type(value))
        if number is None:
            raise TypeError(f"{value!r} is no variant that goes here")
        if number < 0:  # it carries its own
            number = value._values[-number - 1]
        self.unsigned(number, 8)
        return number

    def in_tag(self, values: Any, tag: int, parts: Any) -> None:
        for index, mask, shift in parts:
            number = values[index]
            if number & mask != number:
                raise ValueError(f"{number} does not fit the tag's bits 0x{mask:02X}")
            tag |= number << shift
        self.out.append(tag)

    def defaults(self, values: Any, wanted: Any) -> bool:
        """Whether these and all later fields are what their absence means."""
        for index, default in wanted:
            if values[index] != default or type(values[index]) is not type(default):
                return False
        return True

    def rare(self, step: int, value: Any, values: Any, how: Any) -> None:
        """The steps that need Python's own machinery."""
        if step == 16:
            self.out += how.pack(value)
        elif step == 17:
            pack = how.pack
            self.out += b"".join([pack(one) for one in value])
        elif step == 18:
            width, order, signed = how
            self.out += int(value).to_bytes(width, order, signed=signed)
        elif step == 19:
            self.out += how(value)
        else:
            self.bits(values, how)

    def bits(self, values: Any, how: Any) -> None:
        width, parts = how
        number = 0
        for index, shift, size, field in parts:
            part = int(values[index])
            if part < 0 or part >> size:
                raise ValueError(f"{field}: {part} does not fit {size} bits")
            number |= part << shift
        self.integer(number, width, 0)
