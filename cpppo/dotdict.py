# SPDX-License-Identifier: Apache-2.0
"""A dictionary whose keys are dotted paths through layers of itself.

``d["a.b"] = 1`` makes the layer ``a``; then ``d["a.b"]``, ``d["a"]["b"]`` and
``d.a.b`` are the same value.  State machines collect what they parse into one, and
callers read it back as attributes.  This module imports nothing of the package.

Paths:

- A dot goes one layer down, and each further dot goes one layer back up before that:
  ``a.x..b`` and ``a.x.y...b`` are ``a.b``.  The layers that are backed out of need not
  exist.  Going back past the root, dots in front and one dot at the end mean nothing.
- ``a[0].b`` goes through an item of a list.  An index is a number, or arithmetic
  (``+ - * // %`` and parentheses) on integers and on values found beside the list:
  ``a[a[0].b - 1].b``.

Rules:

- Names within a layer never hold a dot or an index, so a path that is found by plain
  look-ups is right, and only what is not found that way is parsed.
- A plain dict that is stored becomes a layer; a dotdict is stored as it is.
- A path that leads nowhere is a KeyError that names the path and the part at fault; as
  an attribute, an AttributeError that says the same.
- Iteration is over the full paths of the values; ``len()`` counts the top layer.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Self

__all__ = ["dotdict"]

_MISSING: Final = object()
_EMPTY: Final = ()
_INDEX_LIMIT: Final = 200  # characters: what a person writes, and a bound on nesting
_OPERATORS: Final[Mapping[type[ast.AST], Callable[[int, int], int]]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
    }
)


class dotdict(dict[str, Any]):
    """A dict of dotted paths, also read and written as attributes."""

    __slots__ = ()

    def __init__(
        self,
        source: Mapping[str, Any] | Iterable[tuple[str, Any]] = _EMPTY,
        **names: Any,
    ) -> None:
        super().__init__()
        if names or source is not _EMPTY:  # layers are made empty, and often
            self.update(source, **names)

    def __missing__(self, path: str) -> Any:
        # A single name never comes here: dict itself finds it.
        value = _quick(self, path)
        return _resolve(self, path) if value is _MISSING else value

    def get(self, path: str, default: Any = None) -> Any:
        """The value at path, or default if the path leads nowhere."""
        value = _quick(self, path)
        if value is not _MISSING:
            return value
        if _is_plain(path):
            return default
        try:
            return _resolve(self, path)
        except KeyError:
            return default

    def __contains__(self, path: object) -> bool:
        """Whether path leads to a value or to a layer."""
        return isinstance(path, str) and self.get(path, _MISSING) is not _MISSING

    def __setitem__(self, path: str, value: Any) -> None:
        if isinstance(value, dict) and not isinstance(value, dotdict):
            value = type(self)(value)
        layer: Any = self
        name = path
        if not isinstance(path, str) or "." in path:
            *above, name = _split(path)
            for step in above:
                layer = dict.get(layer, step)
                if not isinstance(layer, dict):
                    _assign(self, path, value)
                    return
        if not dict.__contains__(layer, name):
            if "[" in name or not name:
                _assign(self, path, value)
                return
            _check_name(name)
        dict.__setitem__(layer, name, value)

    def set(self, path: str, value: Any) -> None:
        """Store value at path, making the layers on the way."""
        self[path] = value

    def setdefault(self, path: str, default: Any = None) -> Any:
        """The value at path, where default is stored if there was none."""
        value = self.get(path, _MISSING)
        if value is _MISSING:
            self[path] = default
            value = self[path]
        return value

    def __delitem__(self, path: str) -> None:
        container, key = _locate(self, path, "del")
        value = _fetch(container, key, path, "del")
        if isinstance(value, dotdict) and value:
            raise _error("del", key, path, "it holds values (partial key)")
        _remove(container, key, path, "del")

    def pop(self, path: str, *default: Any) -> Any:
        """Remove and return the value or the whole layer at path."""
        if len(default) > 1:
            raise TypeError("pop takes a path and at most one default")
        try:
            container, key = _locate(self, path, "pop")
            value = _fetch(container, key, path, "pop")
        except KeyError:
            if default:
                return default[0]
            raise
        _remove(container, key, path, "pop")
        return value

    def update(  # type: ignore[override]
        self,
        source: Mapping[str, Any] | Iterable[tuple[str, Any]] = _EMPTY,
        /,
        **names: Any,
    ) -> None:
        """Store every path of source; a layer given whole replaces the one here."""
        pairs: Iterable[tuple[str, Any]]
        if isinstance(source, dotdict):
            pairs = dict.items(source)
        elif isinstance(source, (dict, Mapping)):
            pairs = source.items()
        else:
            pairs = source
        for path, value in pairs:
            self[path] = value
        for path, value in names.items():
            self[path] = value

    def __or__(self, other: Any) -> Self:  # type: ignore[override]
        if not isinstance(other, dict):
            return NotImplemented
        merged = self.copy()
        merged.update(other)
        return merged

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as exc:
            raise AttributeError(exc.args[0], name=name, obj=self) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError as exc:
            raise AttributeError(exc.args[0], name=name, obj=self) from None

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *dict.keys(self)]

    def __iter__(self) -> Iterator[str]:
        return self.iterkeys()

    def iteritems(self, depth: int | None = None) -> Iterator[tuple[str, Any]]:
        """Pairs of full path and value, going at most depth layers below the top."""
        for name, value in dict.items(self):
            yield from _expand(name, value, depth)

    def iterkeys(self, depth: int | None = None) -> Iterator[str]:
        """Full paths, going at most depth layers below the top."""
        for path, _ in self.iteritems(depth):
            yield path

    def itervalues(self, depth: int | None = None) -> Iterator[Any]:
        """Values, going at most depth layers below the top."""
        for _, value in self.iteritems(depth):
            yield value

    # Generators, as published: dict's views would speak of the top layer alone.
    keys = iterkeys  # type: ignore[assignment]
    values = itervalues  # type: ignore[assignment]
    items = iteritems  # type: ignore[assignment]

    def listitems(self, depth: int | None = None) -> list[tuple[str, Any]]:
        """As iteritems, in a list."""
        return list(self.iteritems(depth))

    def listkeys(self, depth: int | None = None) -> list[str]:
        """As iterkeys, in a list."""
        return list(self.iterkeys(depth))

    def listvalues(self, depth: int | None = None) -> list[Any]:
        """As itervalues, in a list."""
        return list(self.itervalues(depth))

    def copy(self) -> Self:
        """Layers and lists are copied; the values in them are shared."""
        duplicate = type(self)()
        for name, value in dict.items(self):
            dict.__setitem__(duplicate, name, _duplicate(value))
        return duplicate

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        # Layer by layer: full paths could not make the lists that they index.
        return type(self), (), None, None, iter(dict.items(self))


_RESERVED: Final = frozenset(name for name in dir(dotdict) if name[:1] != "_")


def _check_name(name: str) -> None:
    if name in _RESERVED or name.startswith("__"):
        raise KeyError(f'cannot set "{name}": the name belongs to dotdict itself')


def _error(verb: str, part: object, path: str, why: str) -> KeyError:
    return KeyError(f'cannot {verb} "{part}" of "{path}": {why}')


def _quick(layer: Any, path: str) -> Any:
    """The value at a plain path; _MISSING if there is none or the path is not plain."""
    try:
        for name in path.split("."):
            layer = dict.get(layer, name, _MISSING)
    except (AttributeError, TypeError):  # not a str; beneath something not a layer
        return _MISSING
    return layer


def _is_plain(path: str) -> bool:
    """Whether path is names with single dots between, so that _quick's no is final."""
    return (
        isinstance(path, str)
        and "[" not in path
        and ".." not in path
        and path[:1] != "."
        and path[-1:] != "."
    )


def _split(path: str) -> list[str]:
    """The names of a path as it is walked from the root, back-tracking done."""
    if not isinstance(path, str):
        raise TypeError(f"a dotdict path is a str, not {type(path).__name__}")
    names = _split_dots(path) if "[" in path else path.split(".")
    if "" not in names:
        return names
    if names[-1] == "":
        names.pop()
    if not names or names[-1] == "":
        raise KeyError(f'cannot resolve "{path}": it ends without a name')
    walked: list[str] = []
    for name in names:
        if name:
            walked.append(name)
        elif walked:
            walked.pop()
    return walked


def _split_dots(path: str) -> list[str]:
    """Split at the dots outside of brackets."""
    names = []
    start = depth = 0
    for at, char in enumerate(path):
        if char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth < 0:
                break
        elif char == "." and not depth:
            names.append(path[start:at])
            start = at + 1
    if depth:
        raise KeyError(f'cannot resolve "{path}": its brackets do not match')
    names.append(path[start:])
    return names


def _resolve(root: dotdict, path: str) -> Any:
    container, key = _locate(root, path, "get")
    return _fetch(container, key, path, "get")


def _locate(root: dotdict, path: str, verb: str) -> tuple[Any, str | int]:
    """The layer or list that holds what path means, and its name or index there."""
    names = _split(path)
    layer: Any = root
    for name in names[:-1]:
        layer = _fetch(*_slot(layer, name, path, verb), path, verb)
    return _slot(layer, names[-1], path, verb)


def _slot(layer: Any, name: str, path: str, verb: str) -> tuple[Any, str | int]:
    """One step of a path: where in layer, or in a list there, name points."""
    if not isinstance(layer, dict):
        kind = type(layer).__name__
        raise _error(verb, name, path, f"what is above it is {kind}, not a layer")
    if "[" not in name:
        return layer, name
    base, bracket, rest = name.partition("[")
    try:
        indexes = _indexes(bracket + rest, layer)
    except (ValueError, ArithmeticError) as exc:
        raise _error(verb, name, path, f"bad index, {exc}") from None
    container: Any = layer
    key: str | int = base
    for index in indexes:
        container = _fetch(container, key, path, verb)
        key = index
        if isinstance(container, dict):
            raise _error(verb, name, path, "an index is for a list, this is a layer")
    return container, key


def _fetch(container: Any, key: str | int, path: str, verb: str) -> Any:
    if isinstance(container, dict):
        value = dict.get(container, key, _MISSING)
        if value is _MISSING:
            raise _error(verb, key, path, "there is no such name")
        return value
    try:
        return container[key]
    except IndexError:
        why = f"it holds {len(container)} items"
        raise _error(verb, f"[{key}]", path, why) from None
    except TypeError:
        why = f"{type(container).__name__} has no items"
        raise _error(verb, f"[{key}]", path, why) from None


def _remove(container: Any, key: str | int, path: str, verb: str) -> None:
    if isinstance(container, dict):
        dict.__delitem__(container, key)
    elif hasattr(container, "__delitem__"):
        del container[key]
    else:
        why = f"{type(container).__name__} cannot be changed"
        raise _error(verb, f"[{key}]", path, why)


def _assign(root: dotdict, path: str, value: Any) -> None:
    """Store value where path has indexes, or needs layers that are not there."""
    names = _split(path)
    layer: Any = root
    for at, name in enumerate(names):
        last = at == len(names) - 1
        container, key = _slot(layer, name, path, "set")
        if isinstance(container, dict):
            if last or not dict.__contains__(container, key):
                _graft(container, names[at:], path, value, type(root))
                return
        elif last:
            _replace(container, key, path, value)
            return
        layer = _fetch(container, key, path, "set")


def _graft(
    layer: dict[str, Any], names: list[str], path: str, value: Any, kind: type[dotdict]
) -> None:
    """Store value below new layers: all of them, or none if a name is refused."""
    for name in names:
        if "[" in name:
            raise _error("set", name, path, "there is no such list")
        _check_name(name)
    for name in reversed(names[1:]):
        below = kind()
        dict.__setitem__(below, name, value)
        value = below
    dict.__setitem__(layer, names[0], value)


def _replace(container: Any, key: str | int, path: str, value: Any) -> None:
    if not hasattr(container, "__setitem__"):
        why = f"{type(container).__name__} cannot be changed"
        raise _error("set", f"[{key}]", path, why)
    try:
        container[key] = value
    except IndexError:
        why = f"it holds {len(container)} items"
        raise _error("set", f"[{key}]", path, why) from None


def _indexes(text: str, layer: dict[str, Any]) -> list[int]:
    """The integers that a text such as "[0][n-1]" comes to; its names are layer's."""
    inner = text[1:-1].strip()  # iteration aligns indexes to the right
    if len(text) > _INDEX_LIMIT:
        raise ValueError(f"longer than {_INDEX_LIMIT} characters")
    if inner.isdecimal() and text[-1] == "]":
        return [int(inner)]
    try:
        node = ast.parse("_" + text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError("it cannot be read as arithmetic") from None
    indexes: list[int] = []
    while isinstance(node, ast.Subscript):
        indexes.insert(0, _integer(node.slice, layer))
        node = node.value
    if not isinstance(node, ast.Name):
        raise ValueError("a dot or the end must follow it")
    return indexes


def _integer(node: ast.expr, layer: dict[str, Any]) -> int:
    value = _operand(node, layer)
    if not isinstance(value, int):
        raise ValueError(f"{ast.unparse(node)} is {type(value).__name__}, not int")
    return value


def _operand(node: ast.expr, layer: dict[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _member(layer, name)
        case ast.Attribute(value=above, attr=name):
            return _member(_operand(above, layer), name)
        case ast.Subscript(value=above, slice=index):
            return _item(_operand(above, layer), _integer(index, layer))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_integer(operand, layer)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            apply = _OPERATORS[type(op)]
            return apply(_integer(left, layer), _integer(right, layer))
    raise ValueError(f"{ast.unparse(node)} is not arithmetic on integers")


def _member(layer: Any, name: str) -> Any:
    value = dict.get(layer, name, _MISSING) if isinstance(layer, dict) else _MISSING
    if value is _MISSING:
        raise ValueError(f"there is no {name}")
    return value


def _item(items: Any, index: int) -> Any:
    if isinstance(items, dict):
        raise ValueError(f"[{index}] is for a list, not for a layer")
    try:
        return items[index]
    except (IndexError, TypeError):
        raise ValueError(f"there is no item {index}") from None


def _expand(path: str, value: Any, depth: int | None) -> Iterator[tuple[str, Any]]:
    """The value at path, or the paths below it if it is a layer or a list of them."""
    below = None if depth is None else depth - 1
    if depth == 0 or not value or not isinstance(value, (dotdict, list)):
        yield path, value
    elif isinstance(value, dotdict):
        for name, inner in dict.items(value):
            yield from _expand(f"{path}.{name}", inner, below)
    elif all(isinstance(item, dotdict) for item in value):
        width = len(str(len(value) - 1))
        for at, item in enumerate(value):
            yield from _expand(f"{path}[{at:>{width}}]", item, depth)
    else:
        yield path, value


def _duplicate(value: Any) -> Any:
    """A copy of what paths can lead into; any other value itself."""
    if isinstance(value, dotdict):
        return value.copy()
    if type(value) is list:
        return [_duplicate(item) for item in value]
    if type(value) is dict:  # in a list
        return {name: _duplicate(item) for name, item in value.items()}
    return value
