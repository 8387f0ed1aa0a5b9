"""Pairing what was expected with what came, in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from akrun.testkit.compare import Comparison


@dataclass(frozen=True, slots=True)
class Pairing:
    """An expected item beside one that came, or one of the two alone.

    Attributes:
        index: of the expected item; None when nothing like it was expected.
        place: of what came; None when nothing came.
        compared: how they compare, when there are both.
    """

    index: int | None
    place: int | None
    wanted: Any
    got: Any
    compared: Comparison | None


def paired(
    wanted: Sequence[Any], got: Sequence[Any], compare: Callable[[Any, Any], Comparison]
) -> list[Pairing]:
    """The pairing in which items stand in order and are most alike, without the pairs that fit.

    By dynamic programming over both lists, as of the edit distance (Wagner and Fischer): a pair counts its
    likeness, an item alone nothing, so items are left alone only where the lists differ in length.
    """
    compared = [[compare(want, have) for have in got] for want in wanted]
    best = [[0.0] * (len(got) + 1) for _ in range(len(wanted) + 1)]
    for i in range(len(wanted) - 1, -1, -1):
        for j in range(len(got) - 1, -1, -1):
            both = _worth(compared[i][j]) + best[i + 1][j + 1]
            best[i][j] = max(both, best[i + 1][j], best[i][j + 1])
    pairs: list[Pairing] = []
    i = j = 0
    while i < len(wanted) or j < len(got):
        if i < len(wanted) and j < len(got) and best[i][j] == _worth(compared[i][j]) + best[i + 1][j + 1]:
            if not compared[i][j].fits:
                pairs.append(Pairing(i, j, wanted[i], got[j], compared[i][j]))
            i, j = i + 1, j + 1
        elif j < len(got) and (i == len(wanted) or best[i][j] == best[i][j + 1]):
            pairs.append(Pairing(None, j, None, got[j], None))
            j += 1
        else:
            pairs.append(Pairing(i, None, wanted[i], None, None))
            i += 1
    return pairs


def _worth(compared: Comparison) -> float:
    """What a pair is worth: a fitting one more than two that are merely alike."""
    return 3.0 if compared.fits else compared.likeness + 0.01
