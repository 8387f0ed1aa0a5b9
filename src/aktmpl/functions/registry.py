"""The functions of the language by name."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import Final

from aktmpl.errors import Fault, nearest
from aktmpl.functions.function import Function

FAMILIES: Final = (
    "text", "number", "date", "encoding", "hashing", "collections", "logic", "messaging", "identity",
)  # fmt: skip
"""The modules of this package that hold the language's own functions; each is one category."""


def unknown_function(name: str, known: Mapping[str, Function]) -> Fault:
    """The fault of a call whose name is not among the known functions."""
    if name in builtin():
        hint: str | None = "it is impure, and this environment has pure functions only"
    else:
        hint = nearest(name, known)
    return Fault("E205", f"unknown function `{name}`", hint)


class Functions(Mapping[str, Function]):
    """Functions by name, which are loaded when the first of them is asked for."""

    def __init__(self, load: Callable[[], Mapping[str, Function]]) -> None:
        self._load = load

    @cached_property
    def _loaded(self) -> Mapping[str, Function]:
        return self._load()

    def __getitem__(self, name: str) -> Function:
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


def _load_families() -> Mapping[str, Function]:
    modules = [import_module(f"aktmpl.functions.{family}") for family in FAMILIES]
    found = [each for module in modules for each in vars(module).values() if isinstance(each, Function)]
    return {each.name: each for each in found}


REGISTRY: Final = Functions(_load_families)
"""The language's own functions by name, in the order of the families."""


def builtin() -> Mapping[str, Function]:
    """The language's own functions by name, in the order of the families."""
    return REGISTRY
