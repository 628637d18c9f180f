# SPDX-License-Identifier: Apache-2.0
"""Builds a value from a tape: a postfix program of (chain of actions, operand).

Beside `lower`, which says what is noted.  Compiled where a compiler is found.  Rules:
the tape is trusted, the octets are not: text that is no text, or a number that no
enumeration has, is a Malformed that names the field.
"""

from __future__ import annotations

from array import array
from typing import Any

from ..automata.execute import Execution
from ..errors import Malformed
from . import actions
from .record import alike, remade


class Reader:
    """Decodes whole messages of one class."""

    def __init__(self, program: Any, builder: Any, failure: Any, placed: Any) -> None:
        self.program = program
        self.builder = builder
        self.failure = failure
        self.placed = placed
        self.idle: list[Any] = []

    def decode(self, octets: Any) -> Any:
        """The value of these octets, all of them."""
        if type(octets) is not bytes:
            octets = bytes(octets)
        try:
            execution = self.idle.pop()
        except IndexError:  # all are at work, in other threads or around this one
            execution = Execution(self.program)
        execution.reset(0)
        if execution.run(octets, len(octets), True) != 1 or execution.pos != len(
            octets
        ):
            raise self.failure(execution, octets)
        try:
            value = self.builder.build(execution.tape, execution.taped, octets)
        except Malformed as exc:
            raise self.placed(exc, octets) from None
        self.idle.append(execution)
        return value


class Builder:
    """The actions of one machine, ready to be done."""

    def __init__(self, chains: Any, entries: Any) -> None:
        # A chain is a run of actions that ends with -1.
        heads: list[int] = []
        kinds: list[int] = []
        arities: list[int] = []
        self.arguments: list[Any] = []
        self.fields: list[str] = []
        for chain in chains:
            heads.append(len(kinds))
            for number in chain:
                kind, argument, field = entries[number]
                arity = 0
                if kind in (actions.MAKE, actions.ARRANGE):
                    cls, order = argument
                    arity = order if kind == actions.MAKE else len(order)
                    blank = remade(cls, ())
                    argument = blank if kind == actions.MAKE else (blank, order)
                kinds.append(kind)
                arities.append(arity)
                self.arguments.append(argument)
                self.fields.append(field)
            kinds.append(-1)
            arities.append(0)
            self.arguments.append(None)
            self.fields.append("")
        self.heads = array("i", heads or [0])
        self.kinds = array("i", kinds or [0])
        self.arities = array("i", arities or [0])

    def build(self, tape: Any, taped: int, octets: Any) -> Any:
        """The value that a tape makes of these octets."""
        INT, MAKE, MARK, LIST, OCTETS, CONSTANT, ARRANGE, LATIN = (
            0,
            1,
            2,
            3,
            5,
            7,
            13,
            14,
        )
        heads = self.heads
        kinds = self.kinds
        arities = self.arities
        notes = tape
        p = octets
        room = 32
        values: tuple[Any, ...]
        stack: list[Any] = [None] * room
        top = 0
        mark = 0  # where the innermost list began; what is there is the one around it
        i = 0
        while i < taped:
            k = heads[notes[i]]
            operand = notes[i + 1]
            i += 2
            kind = kinds[k]
            while kind >= 0:
                if top == room:
                    stack.append(None)
                    room += 1
                if kind == INT:
                    stack[top] = operand
                    top += 1
                elif kind == MAKE:
                    arity = arities[k]
                    top -= arity
                    if arity == 1:
                        values = (stack[top],)
                    elif arity == 2:
                        values = (stack[top], stack[top + 1])
                    elif arity == 3:
                        values = (stack[top], stack[top + 1], stack[top + 2])
                    elif arity == 5:
                        values = (
                            stack[top],
                            stack[top + 1],
                            stack[top + 2],
                            stack[top + 3],
                            stack[top + 4],
                        )
                    else:
                        values = tuple(stack[top : top + arity])
                    stack[top] = alike(self.arguments[k], values)
                    top += 1
                elif kind == MARK:
                    stack[top] = mark
                    mark = top
                    top += 1
                elif kind == LIST:
                    arity = top - mark - 1
                    if arity == 1:
                        values = (stack[mark + 1],)
                    elif arity == 2:
                        values = (stack[mark + 1], stack[mark + 2])
                    else:
                        values = tuple(stack[mark + 1 : top])
                    top = mark
                    mark = stack[top]
                    stack[top] = values
                    top += 1
                elif kind == OCTETS:
                    begin = operand >> 32
                    end = operand - (begin << 32)
                    stack[top] = p[begin:end]
                    top += 1
                elif kind == LATIN:
                    begin = operand >> 32
                    end = operand - (begin << 32)
                    stack[top] = p[begin:end].decode("latin-1")
                    top += 1
                elif kind == CONSTANT:
                    stack[top] = self.arguments[k][0]
                    top += 1
                elif kind == ARRANGE:
                    arity = arities[k]
                    top -= arity
                    values = tuple(stack[top : top + arity])
                    stack[top] = self.arranged(self.arguments[k], values)
                    top += 1
                else:
                    stack[top] = self.rare(kind, k, operand, octets, i)
                    top += 1
                k += 1
                kind = kinds[k]
        return stack[0]

    def rare(self, kind: int, k: int, operand: int, octets: Any, i: int) -> Any:
        """The actions that need Python's own machinery."""
        argument = self.arguments[k]
        begin = operand >> 32
        end = operand - (begin << 32)
        try:
            if kind == actions.TEXT:
                value = octets[begin:end].decode(argument)
            elif kind == actions.WIDE:
                value = operand + (1 << 64) if operand < 0 else operand
            elif kind == actions.CONVERT:
                value = argument[operand]
            elif kind == actions.UNPACK:
                value = argument.unpack_from(octets, begin)[0]
            elif kind == actions.NUMBERS:
                value = tuple(
                    [one for (one,) in argument.iter_unpack(octets[begin:end])]
                )
            elif kind == actions.LARGE:
                order, signed = argument
                value = int.from_bytes(octets[begin:end], order, signed=signed)
            else:
                value = argument(octets[begin:end])
        except (ValueError, LookupError, ArithmeticError) as exc:
            raise self.wrong(k, kind, operand, octets, exc, i >> 1) from None
        except Exception as exc:
            if type(exc).__module__ != "struct":
                raise
            raise self.wrong(k, kind, operand, octets, exc, i >> 1) from None
        return value

    @staticmethod
    def arranged(argument: Any, values: tuple[Any, ...]) -> Any:
        blank, order = argument
        return alike(blank, tuple([values[at] for at in order]))

    def wrong(
        self, k: int, kind: int, operand: int, octets: Any, exc: Exception, note: int
    ) -> Malformed:
        machine, _, state = self.fields[k].partition(".")
        begin = operand >> 32
        end = operand - (begin << 32)
        if kind == actions.CONVERT:  # where it was, is not on the tape: which note is
            return Malformed(
                f"{operand} is none of its values",
                machine=machine,
                state=state,
                offset=-note,
            )
        return Malformed(
            str(exc),
            machine=machine,
            state=state,
            offset=begin,
            around=octets[begin : min(end, begin + 16)],
        )
