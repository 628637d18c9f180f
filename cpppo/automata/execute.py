# SPDX-License-Identifier: Apache-2.0
"""The executor: runs the rows of a `program.Program` over octets.

One plain Python file with its C types in `execute.pxd`; Cython compiles it where a
compiler is found, and the same answers come out either way.  Rules: a row does
nothing until its octets are there, so input may be cut anywhere; the stack is
explicit and bounded; the loop makes no Python object, save for the rows that work on
a dotted dictionary.
"""

from __future__ import annotations

from array import array
from typing import Any

from .rows import DEEPEST, LENGTH_MOST, STACK, UNLIMITED

COMPILED = not __file__.endswith(".py")


class Execution:
    """One run of a program: where it stands, its registers and its tape."""

    def __init__(self, program: Any) -> None:
        self.program = program
        self.code = program.code
        self.tables = program.tables
        self.registers = array("q", bytes(8 * max(2, program.registers)))
        self.stack = array("q", bytes(8 * STACK))
        self.tape = array("q", bytes(8 * 256))
        self.ceiling = STACK - 4
        self.deepest = DEEPEST
        self.longest = LENGTH_MOST
        self.unlimited = UNLIMITED
        self.first = program.first
        self.building = True
        self.watching = False
        self.kept = 0  # how many of the last visits are enough; 0: all are wanted
        self.visits: list[tuple[int, int]] = []
        self.effects: Any = None
        self.reset(0)

    def reset(self, start: int) -> None:
        """Stand at the program's first row, at this place of the input."""
        self.pc = self.first
        self.pos = start
        self.limit = self.unlimited
        self.top = 0
        self.depth = 0
        self.taped = 0
        self.reason = 0
        self.detail = 0
        if self.watching:
            self.visits = []

    def register(self, number: int) -> int:
        """What a register holds."""
        return self.registers[number]

    def place(self) -> tuple[int, ...]:
        """What `restore` needs to stand here again, effects aside."""
        held = tuple([self.stack[i] for i in range(self.top)])
        return (self.pc, self.pos, self.limit, self.depth, self.taped, *held)

    def restore(self, place: tuple[int, ...]) -> None:
        self.pc, self.pos, self.limit, self.depth, self.taped = place[:5]
        self.top = len(place) - 5
        for i in range(self.top):
            self.stack[i] = place[5 + i]
        self.reason = 0

    def grow(self) -> None:
        """Make room for more of the tape; what fills it took octets of the input."""
        longer = array("q", bytes(16 * len(self.tape)))
        for i in range(self.taped):
            longer[i] = self.tape[i]
        self.tape = longer

    def watch(self, pc: int, pos: int) -> None:
        """Note that this row stands here; a row that waited is noted once."""
        last = len(self.visits) - 1
        if last < 0 or self.visits[last] != (pc, pos):
            self.visits.append((pc, pos))
            if 0 < self.kept * 2 < last:
                del self.visits[: self.kept]

    def scan(self, octets: Any) -> int:
        """Read one message to the registers; how many octets it took."""
        self.reset(0)
        self.building = False
        if self.run(octets, len(octets), True) != 1:
            raise self.program.failure(self, octets)
        return self.pos

    def run(self, octets: Any, stop: int, final: bool) -> int:
        """Run over octets[pos:stop]; `final`: nothing will follow them."""
        # As arguments, C arrays are lent: as attributes, each would be counted.
        return self.loop(
            octets, stop, final, self.code, self.tables, self.registers, self.stack
        )

    def loop(
        self,
        octets: Any,
        stop: int,
        final: bool,
        code: Any,
        tables: Any,
        registers: Any,
        stack: Any,
    ) -> int:
        INT1, INT2, INT4, SWITCH, SPAN = 0, 1, 2, 3, 4
        LIMIT, UNLIMIT, CALL, RETURN, MATCH = 5, 6, 7, 8, 9
        BUILD, REPEAT, NEXT, INTN, PAD = 10, 11, 12, 13, 14
        HERE, BITS, STARTS, SAVE, RESTORE = 15, 16, 17, 18, 19
        SCAN, TAKE, EFFECT, COMPUTE, TEST, DONE = 20, 21, 22, 23, 24, 25
        DIGITS = 26
        WAITING, FINISHED, FAILED = 0, 1, 2
        NO_EDGE, OVERRUN, LEFT_OVER, TOO_DEEP, NO_COUNT, ENDED = 1, 2, 3, 4, 5, 6
        p = octets
        tape = self.tape
        room = len(tape) - 2
        pc = self.pc
        pos = self.pos
        limit = self.limit
        top = self.top
        taped = self.taped
        building = self.building
        watching = self.watching
        end = limit if limit < stop else stop
        status = FAILED
        reason = 0
        value = 0
        need = 0  # octets that the row would have taken
        while True:
            if watching:
                self.watch(pc, pos)
            op = code[pc]
            if op == SWITCH:
                if pos < end:
                    n = tables[code[pc + 1] + p[pos]]
                elif pos >= limit or final:
                    n = tables[code[pc + 1] + 256]
                else:
                    need = 1
                    reason = ENDED
                    break
                if n < 0:
                    reason = NO_EDGE
                    break
                pc = n
                continue
            if op == INT1:
                if pos >= end:
                    need = 1
                    reason = ENDED
                    break
                value = p[pos]
                pos += 1
                registers[code[pc + 1]] = value
            elif op == INT2:
                if end - pos < 2:
                    need = 2
                    reason = ENDED
                    break
                value = p[pos] | p[pos + 1] << 8
                pos += 2
                registers[code[pc + 1]] = value
            elif op == INT4:
                if end - pos < 4:
                    need = 4
                    reason = ENDED
                    break
                value = p[pos + 3]
                value = (p[pos] | p[pos + 1] << 8 | p[pos + 2] << 16) + value * 16777216
                pos += 4
                registers[code[pc + 1]] = value
            elif op == SPAN:
                n = code[pc + 2]
                value = code[pc + 4]
                if n >= 0:
                    value += registers[n] * code[pc + 3]
                elif n == -2:
                    value = limit - pos
                    if limit == self.unlimited:
                        if not final:
                            need = stop - pos + 1
                            reason = ENDED
                            break
                        value = stop - pos
                if value < 0 or value >= self.longest:
                    need = value
                    reason = NO_COUNT
                    break
                if value > end - pos:
                    need = value
                    reason = OVERRUN if value > limit - pos else ENDED
                    break
                n = code[pc + 1]
                registers[n] = pos
                value += pos
                registers[n + 1] = value
                n = pos
                pos = value
                value |= n << 32
            elif op == LIMIT:
                n = code[pc + 1]
                value = code[pc + 3]
                if n >= 0:
                    value += registers[n] * code[pc + 2]
                if value < 0 or value >= self.longest:
                    need = value
                    reason = NO_COUNT
                    break
                if value > limit - pos:
                    if code[pc + 4]:
                        need = value
                        reason = OVERRUN
                        break
                    value = limit - pos
                if top >= self.ceiling:
                    reason = TOO_DEEP
                    break
                stack[top] = limit
                top += 1
                limit = pos + value
                end = limit if limit < stop else stop
                value = 0
            elif op == UNLIMIT:
                if pos != limit and code[pc + 4]:
                    reason = LEFT_OVER
                    break
                top -= 1
                limit = stack[top]
                end = limit if limit < stop else stop
                value = 0
            elif op == MATCH:
                value = registers[code[pc + 1]]
                n = code[pc + 2]
                if 0 <= value < 256:
                    pc = tables[n + value]
                else:
                    need = tables[n + 256]  # pairs of (value, row) that follow
                    pc = tables[n + 257]
                    n += 258
                    while need > 0:
                        if tables[n] == value:
                            pc = tables[n + 1]
                            break
                        n += 2
                        need -= 1
                continue
            elif op == CALL:
                if top >= self.ceiling or self.depth + code[pc + 2] > self.deepest:
                    reason = TOO_DEEP
                    break
                self.depth += code[pc + 2]
                stack[top] = code[pc + 5]
                top += 1
                pc = code[pc + 1]
                continue
            elif op == RETURN:
                self.depth -= code[pc + 2]
                top -= 1
                pc = stack[top]
                continue
            elif op == BUILD:
                value = 0
            elif op == REPEAT:
                n = code[pc + 1]
                value = code[pc + 4]
                if n >= 0:
                    value += registers[n] * code[pc + 3]
                if value < 0 or value >= self.longest:
                    need = value
                    reason = NO_COUNT
                    break
                if value == 0:
                    pc = code[pc + 2]
                    continue
                if top >= self.ceiling:
                    reason = TOO_DEEP
                    break
                stack[top] = value
                stack[top + 1] = pos
                top += 2
                value = 0
            elif op == NEXT:
                stack[top - 2] -= 1
                if stack[top - 2] > 0 and pos > stack[top - 1]:
                    stack[top - 1] = pos
                    pc = code[pc + 1]
                    continue
                top -= 2
                value = 0
            elif op == HERE:
                registers[code[pc + 1]] = pos
                value = 0
            elif op == PAD:
                n = code[pc + 2]
                value = (n - (pos - registers[code[pc + 1]]) % n) % n
                if value > end - pos:
                    need = value
                    reason = OVERRUN if value > limit - pos else ENDED
                    break
                pos += value
            elif op == BITS:
                value = registers[code[pc + 1]] >> code[pc + 3] & code[pc + 4]
                registers[code[pc + 2]] = value
            elif op == INTN:
                n = code[pc + 2]
                if end - pos < n:
                    need = n
                    reason = ENDED
                    break
                # From the octet of most weight, which alone has the sign, down.
                k = pos if code[pc + 3] & 1 else pos + n - 1
                pos += n
                value = p[k]
                if code[pc + 3] & 2 and value > 127:
                    value -= 256
                while n > 1:
                    k += 1 if code[pc + 3] & 1 else -1
                    value = value * 256 + p[k]
                    n -= 1
                registers[code[pc + 1]] = value
            elif op == SAVE:
                if top >= self.ceiling:
                    reason = TOO_DEEP
                    break
                stack[top] = registers[code[pc + 1]]
                top += 1
                value = 0
            elif op == RESTORE:
                top -= 1
                registers[code[pc + 1]] = stack[top]
                value = 0
            elif op == STARTS:
                # Literals: how many, then each as its length and its octets.
                n = code[pc + 2]
                need = tables[n]
                n += 1
                value = 0
                while need > 0 and not value:
                    room = tables[n]
                    k = registers[code[pc + 1]]
                    value = 1 if registers[code[pc + 1] + 1] - k >= room else 0
                    n += 1
                    while room > 0:
                        if value and tables[n] >= 0 and p[k] != tables[n]:
                            value = 0
                        k += 1
                        n += 1
                        room -= 1
                    need -= 1
                room = len(tape) - 2
                pc = code[pc + 3] if value else code[pc + 5]
                continue
            elif op == TAKE:
                if pos >= end:
                    need = 1
                    reason = ENDED
                    break
                pos += 1
                if code[pc + 1] >= 0:
                    self.effects.collect(code[pc + 1], pos - 1, pos)
            elif op == SCAN:
                # The tables' rows lead to each other, and to one that leads nowhere.
                n = code[pc + 1]
                dead = code[pc + 3]
                k = pos
                while pos < end:
                    need = n
                    room = pos + 4096
                    room = min(room, end)
                    for c in p[pos:room]:
                        n = tables[n + c]
                    if n == dead:
                        n = need
                        while tables[n + p[pos]] != dead:
                            n = tables[n + p[pos]]
                            pos += 1
                        break
                    pos = room
                room = len(tape) - 2
                if code[pc + 2] >= 0 and pos > k:
                    self.effects.collect(code[pc + 2], k, pos)
                pc = tables[n + 256]
                continue
            elif op == EFFECT:
                self.pc = pc  # where it is, should the effect raise
                self.pos = pos
                self.effects.perform(code[pc + 1], pos)
            elif op == COMPUTE:
                self.pc = pc
                self.pos = pos
                registers[code[pc + 1]] = self.effects.compute(code[pc + 2], pos)
            elif op == TEST:
                if registers[code[pc + 1]] == 0:
                    pc = code[pc + 2]
                    continue
            elif op == DIGITS:
                # Some digits, then the octets that end them, kept as a literal.
                need = code[pc + 2]
                k = pos
                value = 0
                while k < end and need > 0 and 48 <= p[k] <= 57:
                    value = value * 10 + p[k] - 48
                    need -= 1
                    k += 1
                n = code[pc + 3]
                need = tables[n]
                if k == pos:
                    need = 0 if k < end else 1
                    n = -1
                while n >= 0 and need > 0 and k < end and p[k] == tables[n + 1]:
                    need -= 1
                    n += 1
                    k += 1
                if k >= end and need > 0:
                    need += k - pos
                    reason = ENDED
                    break
                if need > 0 or n < 0:
                    pos = k
                    reason = NO_EDGE
                    break
                pos = k
                registers[code[pc + 1]] = value
            elif op == DONE:
                status = FINISHED
                break
            else:
                reason = NO_EDGE
                break
            if building and code[pc + 6] >= 0:
                if taped > room:
                    self.taped = taped
                    self.grow()
                    tape = self.tape
                    room = len(tape) - 2
                tape[taped] = code[pc + 6]
                tape[taped + 1] = value
                taped += 2
            pc = code[pc + 5]
        if reason == ENDED:
            if need > limit - pos and stop >= limit:
                reason = OVERRUN
            elif not final:
                status = WAITING
        self.pc = pc
        self.pos = pos
        self.limit = limit
        self.top = top
        self.taped = taped
        self.reason = reason
        self.detail = need
        return status
