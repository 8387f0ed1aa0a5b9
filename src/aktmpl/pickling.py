"""Pickling of what holds functions: it travels as what it is made of, and is made again in each process."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Self

# Few hosts pickle, so `pickle` is imported by those that do.


class Shareable:
    """What never changes, so that a copy of it is the thing itself."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def reduction(
    kind: Any, given: Mapping[str, Any], of_the_host: Mapping[str, Any] | None = None, **shared: Shareable
) -> tuple[Any, ...]:
    """What `__reduce__` returns for an object of a class.

    Args:
        kind: The class.
        given: The arguments that make it.
        of_the_host: Further ones, which a host may have made of anything.
        shared: Further ones, which other objects of the same pickle may have too.

    Raises:
        TypeError: Something of the host's cannot be pickled.
    """
    import pickle  # noqa: PLC0415

    of_the_host = of_the_host or {}
    for name, part in of_the_host.items():
        try:
            pickle.dumps(part)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            cure = "let it stand at the top level of a module, or make the environment in each process"
            raise TypeError(f"an environment's {name} cannot be pickled: {error}; {cure}") from error
    return remade, (kind, pickle.dumps({**given, **of_the_host}), *shared.items())


@lru_cache(1_024)
def remade(kind: Any, given: bytes, *shared: tuple[str, Shareable]) -> Any:
    """The object that a reduction describes.

    The same arguments give the same object: a template that comes with each of many tasks is compiled once.
    """
    import pickle  # noqa: PLC0415

    return kind(**pickle.loads(given), **dict(shared))  # noqa: S301 - a part of what is being loaded
