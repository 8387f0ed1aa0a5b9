"""What all nodes of a tree share, and how their classes are made.

A class of nodes is what a frozen dataclass with slots would be. It is made in a fraction of the time, which
counts when there are forty: importing them would take longer than the first rendering.
"""

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from aktmpl.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES = frozenset({"span", "root_span", "name_span", "source"})
"""Fields that say where something stands; they count neither for equality nor in the printed form."""

_REQUIRED = object()
_DERIVED = object()

T = TypeVar("T")
NodeT = TypeVar("NodeT", bound="Node")


def derived(*, init: bool = False) -> Any:
    """A field that the constructor computes; `init` is what type checkers read."""
    assert not init
    return _DERIVED


@dataclass_transform(frozen_default=True, field_specifiers=(derived,))
def node(cls: type[T]) -> type[T]:
    """Makes slots, a constructor and the list of fields of a class's annotations."""
    namespace = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    own = {each: namespace.pop(each, _REQUIRED) for each in namespace.get("__annotations__", {})}
    own.pop("fields", None)
    fields: dict[str, Any] = {**getattr(cls.__base__, "fields", {})}
    fields.update((each, default) for each, default in own.items() if default is not _DERIVED)
    is_leaf = "children" not in namespace and "measure" not in namespace
    namespace["__slots__"] = tuple(own)
    namespace["__init__"] = _constructor(fields, is_leaf=is_leaf)
    namespace["fields"] = fields
    made: Any = type(cls.__name__, cls.__bases__, namespace)
    return made  # type: ignore[no-any-return]


def _constructor(fields: dict[str, Any], *, is_leaf: bool) -> Any:
    """The `__init__` that sets the fields, then depth and size."""
    parameters = [
        each if default is _REQUIRED else f"{each}=fields[{each!r}]" for each, default in fields.items()
    ]
    statements = [f"put(self, {each!r}, {each})" for each in fields]
    statements += ["put(self, 'depth', 1)", "put(self, 'size', 1)"] if is_leaf else ["self.measure()"]
    made: dict[str, Any] = {"put": object.__setattr__, "fields": fields}
    body = "; ".join(statements)
    exec(f"def __init__(self, {', '.join(parameters)}): {body}", made)  # noqa: S102 - of names in this package
    return made["__init__"]


@node
class Node:
    """A node: where it stands, how deep the tree below it is, and of how many nodes it is made."""

    fields: ClassVar[dict[str, Any]]
    """The constructor's parameters and their defaults."""

    span: Span
    depth: int = derived(init=False)
    size: int = derived(init=False)

    def measure(self) -> None:
        """Set depth and size, which follow from the children's."""
        depth, size = 0, 1
        for child in self.children():
            depth = max(depth, child.depth)
            size += child.size
        object.__setattr__(self, "depth", depth + 1)
        object.__setattr__(self, "size", size)

    def children(self) -> "Iterator[Node]":
        """The nodes this one is made of, in the order of the text."""
        return iter(())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} node cannot be changed: `{name}`")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} node cannot be changed: `{name}`")

    def _values(self) -> dict[str, Any]:
        return {each: getattr(self, each) for each in self.fields if each not in _PLACES}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values().values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values().items())
        return f"{type(self).__name__}({values})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, each) for each in self.fields)


def replace(given: NodeT, **changes: Any) -> NodeT:
    """The node with other values of some fields."""
    return type(given)(**{each: getattr(given, each) for each in given.fields} | changes)
