# SPDX-License-Identifier: Apache-2.0
"""XML as a tree whose nodes know their lines.

Beside `l5x`; the only door to expat.  A document type is refused, and with it all
entities but XML's own: a file cannot make the reader fetch or multiply anything.  How
deep and how many nodes there may be is bounded, and what nobody asks for is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from .plant import PlantError, Source

__all__ = ["Node", "tree"]

DEEPEST = 200  # an array of structures takes three for each level
MOST = 4_000_000  # nodes


class Node:
    """An element: its name, attributes, text, and what is in it."""

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.children: list[Node] = []
        self.text = ""

    def get(self, name: str, otherwise: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, otherwise)

    def find(self, *tags: str) -> Iterator[Node]:
        """The nodes at the end of a path of tags."""
        for one in self.children:
            if one.tag == tags[0]:
                if len(tags) == 1:
                    yield one
                else:
                    yield from one.find(*tags[1:])

    def first(self, tag: str) -> Node | None:
        """The first node of a tag."""
        return next(self.find(tag), None)


class Builder:
    """Makes the tree, as the parser tells of its parts."""

    def __init__(self, source: Source, unwanted: frozenset[str]) -> None:
        self.source = source
        self.unwanted = unwanted
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.texts: list[list[str]] = []
        self.skipped = 0  # how deep in something that is not wanted
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self.count += 1
        if self.count > MOST:
            raise self.source.error(f"there are more than {MOST} elements", line)
        if len(self.stack) + self.skipped >= DEEPEST:
            raise self.source.error(f"elements stand more than {DEEPEST} deep", line)
        if self.skipped or tag in self.unwanted:
            self.skipped += 1
            return
        node = Node(tag, attributes, line)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)
        self.texts.append([])

    def end(self, tag: str) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        self.stack.pop().text = "".join(self.texts.pop())

    def characters(self, text: str) -> None:
        if not self.skipped:
            self.texts[-1].append(text)

    def refuse(self, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise self.source.error("a document type (DTD) is not read", line)


def tree(source: Source, octets: bytes, unwanted: frozenset[str]) -> Node:
    """The tree of a document, without the elements that are not wanted."""
    made = Builder(source, unwanted)
    try:
        made.parser.Parse(octets, True)
    except expat.ExpatError as exc:
        problem = f"is no XML: {expat.ErrorString(exc.code)}, in column {exc.offset}"
        raise source.error(problem, exc.lineno) from None
    except (LookupError, ValueError) as exc:
        if isinstance(exc, PlantError):
            raise
        raise source.error(f"is no XML: {exc}") from None
    if made.root is None:
        raise source.error("is no XML: there is no element")
    return made.root
