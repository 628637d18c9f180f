# SPDX-License-Identifier: Apache-2.0
"""Machines as pictures: DOT text, SVG by way of graphviz, and a table of text.

Beside the engines, above `machine` alone: a reading of the graph that runs nothing.
The graph is surveyed once into scopes, one for each machine and one for whatever
lies around the state that was asked for; DOT and table are two printings of these.
A machine is drawn once; wherever it stands again there is a reference to it, so a
machine that contains itself has an end.  States that only follow each other, like
`length[0]`, `length[1]`, `length[2]`, are drawn as one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..errors import CpppoError
from .labels import printable, speaks_text, symbols
from .machine import dfa
from .registers import taking
from .states import Edge, state, state_drop

__all__ = ["dot", "svg", "table"]

REFUSED = "(refused)"

LABEL_WIDTH = 28
CHAIN = 3  # so many states in a row are drawn as one
NUMBERED = re.compile(r"(.*)\[(\d+)\]")

# -- the survey: scopes, their nodes, and the arrows between these


@dataclass(frozen=True, slots=True)
class Arrow:
    """On what, and to which node of the same scope (None: refused)."""

    on: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """One state, or a chain of states, by a name that its scope holds once."""

    name: str
    state: state
    initial: bool
    terminal: bool
    again: bool  # a machine that is drawn elsewhere
    arrows: tuple[Arrow, ...]
    each: str = ""  # what leads from state to state inside a chain

    @property
    def machine(self) -> dfa | None:
        """The machine that is drawn in this node's place."""
        return self.state if isinstance(self.state, dfa) and not self.again else None


@dataclass(frozen=True, slots=True)
class Scope:
    """One machine's inner graph; without a machine, the states outside of any."""

    name: str
    machine: dfa | None
    nodes: tuple[Node, ...]

    @property
    def notes(self) -> str:
        """How often and how far the machine runs, if it says so."""
        if self.machine is None:
            return ""
        notes = []
        if self.machine.repeat is not None:
            notes.append(f"repeat {self.machine.repeat}")
        limit = self.machine.limit
        if limit is not None:
            by = getattr(limit, "__name__", repr(limit)) if callable(limit) else limit
            notes.append(f"limit {by}")
        if not self.machine.greedy:
            notes.append("not greedy")
        return printable(", ".join(notes))


def survey(root: state, refusals: bool) -> list[Scope]:
    """The scopes of all machines, outer before inner, what is around them first."""
    scopes: list[Scope] = []
    drawn: set[dfa] = set()
    names: Counter[str] = Counter()
    waiting: deque[tuple[dfa | None, state]] = deque([(None, root)])
    while waiting:
        machine, initial = waiting.popleft()
        places = reachable(initial)
        again: set[state] = {place for place in places if place in drawn}
        for place in places:
            if isinstance(place, dfa) and place not in drawn:
                drawn.add(place)
                waiting.append((place, place.initial))
        name = "-" if machine is None else unique(printable(machine.label), names)
        nodes = chained(scope_nodes(places, again, refusals))
        scopes.append(Scope(name, machine, tuple(nodes)))
    return scopes


def reachable(initial: state) -> list[state]:
    """All states that edges lead to from `initial`, in the order they are met."""
    found = {initial: None}
    waiting = deque([initial])
    while waiting:
        for _key, edge in waiting.popleft().edges():
            for target in edge.states():
                if target not in found:
                    found[target] = None
                    waiting.append(target)
    return list(found)


def unique(name: str, names: Counter[str]) -> str:
    """A name that was not given out before."""
    names[name] += 1
    return name if names[name] == 1 else unique(f"{name} #{names[name]}", names)


def scope_nodes(
    places: list[state], again: set[state], refusals: bool
) -> Iterator[Node]:
    """A node for each state."""
    taken: Counter[str] = Counter()
    names = {place: unique(printable(place.label), taken) for place in places}
    for place, name in names.items():
        yield Node(
            name,
            place,
            initial=place is places[0],
            # As declared: the property of a machine tells of its last run.
            terminal=place._terminal,
            again=place in again,
            arrows=tuple(arrows(place, names, refusals)),
        )


def arrows(place: state, names: dict[state, str], refusals: bool) -> Iterator[Arrow]:
    """What leads where: all keys that say the same are one arrow."""
    grouped: dict[tuple[str | None, str], list[Any]] = {}
    specific = [*place.exact, *(key for key, _edge in place.recognizers)]
    for key, edge in place.edges():
        for condition, target in outcomes(edge):
            to = None if target is None else names[target]
            grouped.setdefault((to, condition), []).append(key)
    text = speaks_text(place)
    for (to, condition), keys in grouped.items():
        if to is not None or refusals:
            own = set(map(id, keys))  # not by value: 1 == True
            beside = [key for key in specific if id(key) not in own]
            yield Arrow(symbols(keys, beside, text) + printable(condition), to)


def outcomes(edge: Edge) -> Iterator[tuple[str, state | None]]:
    """The alternatives of an edge in the order in which they are tried."""
    several = len(edge.decides) > 1
    for number, choice in enumerate(edge.decides, 1):
        yield f", if {choice.name}" + f" ({number})" * several, choice.state
    if edge.target is not None or edge.refuses:
        yield ", otherwise" if edge.decides else "", edge.target


def chained(nodes: Iterable[Node]) -> list[Node]:
    """The nodes, and states of one name that merely follow each other as one."""
    known = {node.name: node for node in nodes}
    entries = Counter(arrow.to for node in known.values() for arrow in node.arrows)
    # A head is met before its followers, which are entered from nowhere else.
    gone: set[str] = set()
    kept: list[Node] = []
    names: dict[str | None, str] = {}
    for node in known.values():
        if node.name in gone:
            continue
        chain = [node]
        while (after := follower(chain[-1], known, entries)) is not None:
            if chain[-1].arrows[0].on != node.arrows[0].on:
                break
            chain.append(after)
        if len(chain) >= CHAIN:
            gone.update(link.name for link in chain)
            kept.append(linked(chain))
            names[node.name] = kept[-1].name
        else:
            kept.append(node)
    return [renamed(node, names) for node in kept]


def follower(
    node: Node, known: dict[str, Node], entries: Counter[str | None]
) -> Node | None:
    """The node that is numbered next, if it is all that this one leads to."""
    if len(node.arrows) != 1 or node.arrows[0].to is None:
        return None
    after = known[node.arrows[0].to]
    if node.terminal or after.initial or entries[after.name] != 1:
        return None
    if isinstance(node.state, dfa) or type(node.state) is not type(after.state):
        return None
    here, there = NUMBERED.fullmatch(node.name), NUMBERED.fullmatch(after.name)
    if here is None or there is None or here[1] != there[1]:
        return None
    return after if int(there[2]) == int(here[2]) + 1 else None


def linked(chain: list[Node]) -> Node:
    """One node in place of a chain of them."""
    number = chain[-1].name.rpartition("[")[2]
    return replace(
        chain[-1],
        name=f"{chain[0].name[:-1]}..{number}",
        initial=chain[0].initial,
        each=chain[0].arrows[0].on,
    )


def renamed(node: Node, names: dict[str | None, str]) -> Node:
    """The node, with its arrows to heads of chains leading to the chains."""
    moved = (replace(arrow, to=names.get(arrow.to, arrow.to)) for arrow in node.arrows)
    return replace(node, arrows=tuple(moved))


# -- the table


def table(machine: state, refusals: bool = False) -> str:
    """A machine as text: a row for each state, and for each further way out of it."""
    rows: list[Row] = [("machine", "state", "on", "to")]
    scopes = survey(machine, refusals)
    for scope in scopes:
        if not alone(scope) or len(scopes) == 1:
            rows += rows_of(scope)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def alone(scope: Scope) -> bool:
    """Whether a scope is one machine that nothing leads out of: a frame, no more."""
    only = scope.nodes[0]
    return scope.machine is None and only.machine is not None and not only.arrows


Row = tuple[str, str, str, str]


def rows_of(scope: Scope) -> Iterator[Row]:
    """A scope's rows; what the row above says already is left out."""
    name = ", ".join(filter(None, (scope.name, scope.notes)))
    for node in scope.nodes:
        ways = [(arrow.on, arrow.to or REFUSED) for arrow in node.arrows]
        if node.each:
            ways.insert(0, (node.each, "(next)"))
        label = mark(node)
        for on, to in ways or [("", "")]:
            yield name, label, on, to
            name = label = ""


def mark(node: Node) -> str:
    """A state as it prints itself, `((terminal))`, and `>` before the initial one."""
    entry = ">" if node.initial else " "
    return f"{entry} (({node.name}))" if node.terminal else f"{entry} ( {node.name} )"


# -- DOT, and what graphviz makes of it

HEAD = """\
  rankdir=LR; compound=true; bgcolor=white; nodesep=0.3; ranksep=0.4;
  graph [style=rounded, color="#9aa5b1", labeljust=l,
    fontname="Helvetica,Arial,sans-serif", fontsize=12, fontcolor="#52606d"];
  node [style=filled, color="#52606d", fillcolor=white, height=0.45, margin="0.08,0.04",
    fontname="Helvetica,Arial,sans-serif", fontsize=12, fontcolor="#1f2933"];
  edge [color="#7b8794", arrowsize=0.7,
    fontname="Helvetica,Arial,sans-serif", fontsize=11, fontcolor="#1f2933"];"""
TAKES = "#e8f1fa"
DROPS = "#eceff1"
ROUND = 4  # longer names than this make a circle too wide

Anchor = tuple[str, str]  # a node, and the cluster at whose border an edge is cut


def dot(machine: state, refusals: bool = False) -> str:
    """A machine as DOT text: machines are clusters, terminal states double."""
    picture = Picture(survey(machine, refusals))
    return "\n".join(picture.lines(machine.label)) + "\n"


def svg(machine: state, refusals: bool = False) -> str:
    """A machine as SVG, by running `dot`."""
    program = shutil.which("dot")
    if program is None:
        raise CpppoError(
            "SVG is made by the program dot, which is not on PATH: "
            "install graphviz (Debian: apt-get install graphviz)"
        )
    run = subprocess.run(
        [program, "-Tsvg"],
        input=dot(machine, refusals),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if run.returncode:
        problem = run.stderr.strip().partition("\n")[0] or f"status {run.returncode}"
        raise CpppoError(f"dot failed: {problem}")
    return run.stdout


class Picture:
    """Scopes as DOT text; nodes are known by number, whatever their names hold.

    An edge to or from a machine is one to a point inside, cut at the border: to its
    start, or from a point behind its states that is not seen.
    """

    def __init__(self, scopes: list[Scope]) -> None:
        self.scopes = scopes
        self.numbers = {scope.machine: number for number, scope in enumerate(scopes)}

    def lines(self, title: str) -> Iterator[str]:
        yield f"digraph {quoted(printable(title))} {{"
        yield HEAD
        yield from self.inside(self.scopes[0], "  ")
        for scope in self.scopes:
            yield from self.edges(scope)
        yield "}"

    def inside(self, scope: Scope, indent: str) -> Iterator[str]:
        """A scope's nodes, and the clusters of the machines that stand in it."""
        own = self.numbers[scope.machine]
        if not alone(scope):
            yield f'{indent}start{own} [shape=point, width=0.07, fillcolor="#52606d"];'
        for number, node in enumerate(scope.nodes):
            if node.machine is None:
                yield f"{indent}state{own}_{number} [{attributes(node)}];"
            else:
                yield from self.cluster(node, node.machine, indent)
        if any(arrow.to is None for node in scope.nodes for arrow in node.arrows):
            yield f'{indent}refused{own} [label="refused", shape=plaintext, style=""];'

    def cluster(self, node: Node, machine: dfa, indent: str) -> Iterator[str]:
        number = self.numbers[machine]
        scope = self.scopes[number]
        label = "\n".join(filter(None, (scope.name, scope.notes)))
        pen = "penwidth=2" if node.terminal else "penwidth=1"
        yield f"{indent}subgraph cluster{number} {{"
        yield f"{indent}  label={quoted(label, 'l')}; {pen};"
        yield from self.inside(scope, indent + "  ")
        if self.followed(machine):
            yield f"{indent}  end{number} [shape=point, width=0.01, style=invis];"
        yield f"{indent}}}"

    def followed(self, machine: dfa) -> bool:
        """Whether edges begin at a machine's end."""
        return any(
            node.arrows
            for scope in self.scopes
            for node in scope.nodes
            if node.machine is machine
        )

    def edges(self, scope: Scope) -> Iterator[str]:
        """The way in, and one edge for all that leads from one node to another."""
        own = self.numbers[scope.machine]
        places = {node.name: number for number, node in enumerate(scope.nodes)}
        if not alone(scope):
            yield edge_line((f"start{own}", ""), self.entry(scope, 0))
        for number, node in enumerate(scope.nodes):
            labels: dict[str | None, list[str]] = {}
            for arrow in node.arrows:
                labels.setdefault(arrow.to, []).extend(wrapped(arrow.on))
            tail = self.exit(scope, number)
            for to, label in labels.items():
                head = (f"refused{own}", "")
                if to is not None:
                    # From behind a machine, the way back to it is to its end.
                    back = places[to] < number
                    head = (self.exit if back else self.entry)(scope, places[to])
                yield edge_line(tail, head, "\n".join(label))
        if scope.machine is not None and self.followed(scope.machine):
            last = [n for n, node in enumerate(scope.nodes) if node.terminal]
            for number in last or [len(scope.nodes) - 1]:
                yield f"  {self.exit(scope, number)[0]} -> end{own} [style=invis];"

    def entry(self, scope: Scope, number: int) -> Anchor:
        machine = scope.nodes[number].machine
        if machine is None:
            return f"state{self.numbers[scope.machine]}_{number}", ""
        inner = self.numbers[machine]
        return f"start{inner}", f"cluster{inner}"

    def exit(self, scope: Scope, number: int) -> Anchor:
        machine = scope.nodes[number].machine
        if machine is None or not self.followed(machine):
            return self.entry(scope, number)
        inner = self.numbers[machine]
        return f"end{inner}", f"cluster{inner}"


def attributes(node: Node) -> str:
    """How a state looks: what takes a symbol is tinted, what drops it is grey."""
    label = f"{node.name}\n({node.each} to next)" if node.each else node.name
    parts = [f"label={quoted(label)}"]
    if node.again:
        return ", ".join([*parts, 'shape=box, style="rounded,dashed"'])
    if len(label) <= ROUND:
        parts.append("shape=doublecircle" if node.terminal else "shape=circle")
    elif node.terminal:
        parts.append("peripheries=2")
    if node.state.consumes or isinstance(node.state, taking):
        color = DROPS if isinstance(node.state, state_drop) else TAKES
        parts.append(f'fillcolor="{color}"')
    return ", ".join(parts)


def edge_line(tail: Anchor, head: Anchor, label: str = "") -> str:
    """One edge; where a machine follows itself there is no border between."""
    parts = [f"label={quoted(label)}"] if label else []
    if tail[1] != head[1]:
        parts += [f"ltail={tail[1]}"] if tail[1] else []
        parts += [f"lhead={head[1]}"] if head[1] else []
    elif tail[1]:
        parts.append("constraint=false")
    options = f" [{', '.join(parts)}]" if parts else ""
    return f"  {tail[0]} -> {head[0]}{options};"


def wrapped(label: str) -> list[str]:
    """A long label on several lines."""
    if len(label) <= LABEL_WIDTH:
        return [label]
    return textwrap.wrap(
        label, LABEL_WIDTH, break_long_words=False, break_on_hyphens=False
    )


def quoted(text: str, newline: str = "n") -> str:
    """A DOT string of this text, its lines centred (`n`) or to the left (`l`)."""
    lines = [
        # Graphviz reads `&` as the beginning of an entity.
        line.replace("\\", r"\\").replace('"', r"\"").replace("&", "&amp;")
        for line in text.split("\n")
    ]
    end = f"\\{newline}"
    return '"' + end.join(lines) + (end if newline == "l" else "") + '"'
