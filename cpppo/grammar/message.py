# SPDX-License-Identifier: Apache-2.0
"""A message: a typed record whose class declares how it is written on the wire.

The door of the grammar.  From one declaration come the record itself, the machine
that reads it (`machine`), the rows that run it (`program`), the decoder, the encoder,
the printed layout and values to test with.

    class Greeting(Message):
        size: Annotated[int, UInt(1), Measures("name")] = derived()
        name: Annotated[str, Octets(text="utf-8")]

    Greeting("ab").encode() == b"\\x02ab"
    Greeting.decode(b"\\x02ab") == Greeting("ab")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    Self,
    cast,
    dataclass_transform,
)

from ..errors import GrammarError
from .declaration import MISSING, Declaration, Derived
from .declare import declare
from .record import Member, Record
from .wire import Digits, Repeat, UInt

if TYPE_CHECKING:
    from ..automata.execute import Execution
    from ..automata.program import Program
    from ..automata.registers import section
    from .build import Reader
    from .emit import Writer
    from .engine import Engine
    from .parser import MessageParser

__all__ = ["Message", "derived"]


def derived(*, init: Literal[False] = False) -> Any:
    """The default of a field that follows from others, and is never an argument."""
    return Derived()


@dataclass_transform(frozen_default=True, field_specifiers=(derived,))
class Declared(type):
    """Makes message classes: slotted, and checked when they are made."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwds: Any
    ) -> Any:
        namespace |= {"__slots__": (), "__declaring__": True}
        namespace |= {"__engine__": None, "__reader__": None, "__writer__": None}
        cls = super().__new__(mcs, name, bases, namespace)
        if any(isinstance(base, Declared) for base in bases):
            cls.__pending__ = kwds  # type: ignore[attr-defined]
            try:
                settle(cls)
            except NameError:  # declared further on: settled at first use
                cls.__init__ = unsettled  # type: ignore[misc]
                await_names(cls)
        return cls

    def __init__(cls, name: str, bases: Any, namespace: Any, **kwds: Any) -> None:
        super().__init__(name, bases, namespace)

    @property
    def machine(cls) -> section:
        """The state machine that reads this message."""
        return cast(Any, cls).engine().machine  # type: ignore[no-any-return]

    @property
    def program(cls) -> Program:
        """The machine as rows."""
        return cast(Any, cls).engine().program  # type: ignore[no-any-return]

    @property
    def __declared__(cls) -> Declaration:
        """What the class says of itself, and not what one that it derives from says."""
        if "__declaration__" not in cls.__dict__:
            if "__pending__" not in cls.__dict__:
                raise AttributeError(f"{cls.__name__} declares nothing")
            settle_late(cls)
        return cast("Declaration", cls.__dict__["__declaration__"])


def await_names(cls: Any) -> None:
    """Tell the family of a class to ask it again before it is used."""
    for base in cls.__mro__[1:]:
        found = base.__dict__.get("__declaration__")
        if found is not None and found.base is not None:
            found.base.__declared__.awaited.append(cls)
            return


def unsettled(self: Any, *args: Any, **kwds: Any) -> None:
    """The __init__ of a class whose declaration spoke of names to come."""
    settle_late(type(self))
    type(self).__init__(self, *args, **kwds)


def settle_late(cls: Any) -> None:
    """Settle a class whose annotations spoke of names that were still to come."""
    try:
        for one in reversed(cls.__mro__):
            if "__pending__" in one.__dict__ and "__declaration__" not in one.__dict__:
                settle(one)
    except NameError as exc:
        raise GrammarError(
            f"{cls.__name__}: {exc}; what annotations speak of must stand in the module"
        ) from None


def settle(cls: Any) -> None:
    """Read the declaration of a class, and give it what follows from it."""
    declaration = declare(cls, cls.__pending__)
    cls.__declaration__ = declaration
    stored = declaration.stored
    setattr(cls, "__match_args__", tuple(one.name for one in stored))  # noqa: B010
    for index, one in enumerate(stored):
        setattr(cls, one.name, Member(index, one.name))
    for one in declaration.fields:
        if not one.stored and isinstance(one.kind, UInt | Digits):
            setattr(cls, one.name, Follows(one.name))
        elif not one.stored and one.name in cls.__dict__:
            delattr(cls, one.name)  # what pads has no value
    cls.__init__ = initializer(declaration)


def initializer(declaration: Declaration) -> Any:
    """The __init__ of a message class, with its fields as parameters."""
    parameters, values = ["self"], []
    if declaration.cls.__pending__.get("kw_only"):
        parameters.append("*")
    scope: dict[str, Any] = {}
    for number, one in enumerate(declaration.stored):
        default = ""
        if one.default is not MISSING:
            default = f"=default{number}"
            scope[f"default{number}"] = one.default
        parameters.append(one.name + default)
        several = isinstance(one.kind, Repeat) and not one.trailing
        values.append(f"tuple({one.name})" if several else one.name)
    inner = "".join(value + ", " for value in values)
    source = f"def __init__({', '.join(parameters)}):\n    self.fill(({inner}))\n"
    exec(source, scope)
    made = scope["__init__"]
    made.__qualname__ = f"{declaration.cls.__qualname__}.__init__"
    return made


class Follows:
    """A derived field: what it would be on the wire, worked out when asked for."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Any, owner: Any = None) -> Any:
        if record is None:
            return self
        return record.engine().derive(record, self.name)

    def __set__(self, record: Any, value: Any) -> None:
        raise AttributeError(f"{self.name} follows from other fields")


class Message(Record, metaclass=Declared):
    """What every message is; see the module for how to declare one."""

    if TYPE_CHECKING:
        __match_args__: ClassVar[tuple[str, ...]]
        __engine__: ClassVar[Engine | None]
        __reader__: ClassVar[Reader | None]
        __writer__: ClassVar[Writer | None]

    @classmethod
    def engine(cls) -> Engine:
        """Everything that was made of this declaration, at the first need of it."""
        if cls.__engine__ is None:
            if cls is Message:
                raise GrammarError("Message itself declares nothing")
            from .engine import Engine

            cls.__engine__ = Engine(cls)
        return cls.__engine__

    @classmethod
    def decode(cls, octets: bytes | bytearray | memoryview) -> Self:
        """The value of whole octets; a ProtocolError where they are not one."""
        reader = cls.__reader__
        if reader is None:
            reader = cls.__reader__ = cls.engine().reader
        return cast(Self, reader.decode(octets))

    def encode(self) -> bytes:
        """The octets of this value; an EncodeError where a field cannot hold it."""
        writer = self.__writer__
        if writer is None:
            writer = type(self).__writer__ = self.engine().writer
        return writer.encode(self)

    @classmethod
    def parser(cls, limit: int = 1 << 20) -> MessageParser[Self]:
        """Takes octets as they come, and gives out messages as they complete."""
        from .parser import MessageParser

        return MessageParser(cls, limit)

    @classmethod
    def execution(cls) -> Execution:
        """A run to registers, for who wants a few fields and no values."""
        return cls.engine().execution()

    @classmethod
    def register(cls, name: str) -> int:
        """The number of the register of a field: 'Message.field'."""
        return cls.engine().register(name)

    @classmethod
    def trace(cls, octets: bytes) -> Iterator[tuple[str, str]]:
        """The (machine, state) names that reading these octets goes through."""
        return cls.engine().trace(octets)

    @classmethod
    def layout(cls) -> str:
        """The declaration as a table, for the documentation."""
        from .describe import layout

        return layout(cls)

    def replace(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        names = type(self).__match_args__
        unknown = set(changes) - set(names)
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no field {min(unknown)!r} to give"
            )
        values = dict(zip(names, self._values, strict=True)) | changes
        return type(self)(**values)
