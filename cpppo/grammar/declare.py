# SPDX-License-Identifier: Apache-2.0
"""Reads what a message class declares: annotations, defaults and the class's options.

Between `declaration` (what was read) and `message` (the class).
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from typing import Annotated, Any, cast

from ..errors import GrammarError
from .check import check
from .declaration import (
    MISSING,
    Declaration,
    Derived,
    Field,
    is_message,
    optional,
)
from .wire import ANY, Kind, Mark, Nested, Pad, Reserved, as_tags

__all__ = ["declare"]


def declare(cls: Any, options: dict[str, Any]) -> Declaration:
    """What a class declares; NameError for a name that is to come."""
    inherited = known(cls)
    fields = {one.name: one for one in (inherited.fields if inherited else ())}
    hints = own_hints(cls)
    for name, hint in hints.items():
        if typing.get_origin(hint) is typing.ClassVar:
            continue
        default = cls.__dict__.get(name, MISSING)
        fields[name] = read_field(cls, name, hint, default)
    declaration = Declaration(cls, tuple(fields.values()))
    settle_family(declaration, inherited, options)
    check(declaration, options)
    if declaration.tags or declaration.opaque:
        register_variant(declaration)
    return declaration


def known(cls: Any) -> Declaration | None:
    for base in cls.__mro__[1:]:
        if "__declaration__" in base.__dict__:
            return cast(Declaration, base.__dict__["__declaration__"])
        if "__pending__" in base.__dict__:
            raise NameError(f"{base.__name__} waits for a name itself")
    return None


def own_hints(cls: Any) -> dict[str, Any]:
    """The annotations of the class itself, with its own name known to them."""
    names = list(inspect.get_annotations(cls))
    own = {cls.__name__: cls}
    try:
        hints = typing.get_type_hints(cls, None, own, include_extras=True)
    except GrammarError as exc:
        raise explained(cls, exc) from None
    return {name: hints[name] for name in names}


def explained(cls: Any, problem: GrammarError) -> GrammarError:
    """The same of an annotation that was text until now, with class and field."""
    around = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    for name, hint in inspect.get_annotations(cls).items():
        alone = types.SimpleNamespace(__annotations__={name: hint})
        try:
            typing.get_type_hints(alone, dict(around), {cls.__name__: cls})
        except GrammarError as exc:
            return GrammarError(f"{cls.__name__}.{name}: {exc}")
        except NameError:
            continue
    return GrammarError(f"{cls.__name__}: {problem}")


def read_field(cls: Any, name: str, hint: Any, default: Any) -> Field:
    """One annotated name as a field."""
    where = f"{cls.__name__}.{name}"
    if name.startswith("_") or name in ("self", "tuple") or hasattr(Reserving, name):
        raise GrammarError(f"{where}: a field may not have this name")
    type_: Any = hint
    extras: list[Any] = []
    if typing.get_origin(hint) is Annotated:
        type_, *extras = typing.get_args(hint)
    kinds: list[Kind] = [one for one in extras if isinstance(one, Kind)]
    marks = tuple(one for one in extras if isinstance(one, Mark))
    if len(kinds) > 1:
        raise GrammarError(f"{where}: has {len(kinds)} kinds, and needs one")
    if not kinds and is_message(optional(type_)):
        kinds = [Nested()]
    if not kinds:
        raise GrammarError(
            f"{where}: says nothing of how it is written; use Annotated[type, kind]"
        )
    kind = kinds[0]
    stored = not isinstance(default, Derived)
    if isinstance(kind, Pad | Reserved):
        stored = False
    if not stored:
        default = MISSING
    return Field(name, kind, marks, type_, default, stored)


class Reserving:
    """The names that a message has for itself."""

    decode = encode = parser = execution = register = machine = program = None
    layout = replace = engine = trace = fill = values = plan = None


def settle_family(
    declaration: Declaration, inherited: Declaration | None, options: dict[str, Any]
) -> None:
    """Whether the class is a family, a variant of one, or neither."""
    cls = declaration.cls
    tag, when = options.get("tag"), options.get("when")
    above = inherited.base if inherited else None
    if above is None:
        if tag is not None:
            raise GrammarError(f"{cls.__name__}: has a tag, and belongs to no family")
        if options.get("family") or declaration.tag is not None:
            declaration.base = cls
        return
    declaration.base = above
    declaration.spellings = tuple(cls.__dict__.get("spellings", ()))
    if tag is None and declaration.spellings:
        tag = [one for spelling in declaration.spellings for one in spelling.tags]
    if tag is None:
        return
    declaration.opaque = tag is ANY
    declaration.tags = () if tag is ANY else as_tags(tag)
    declaration.guard = when


def register_variant(declaration: Declaration) -> None:
    family = declaration.base.__declared__
    cls = declaration.cls
    if family.used:
        raise GrammarError(
            f"{cls.__name__}: the family {family.cls.__name__} is in use already, and "
            "takes no more variants"
        )
    for other in family.listed:
        known = other.__declared__
        shared = set(known.tags) & set(declaration.tags)
        if known.opaque and declaration.opaque:
            raise GrammarError(
                f"{cls.__name__}: {other.__name__} takes all other tags already"
            )
        if shared and known.guard is None and declaration.guard is None:
            raise GrammarError(
                f"{cls.__name__}: tag 0x{min(shared):02X} is that of {other.__name__}"
            )
    family.listed.append(cls)
