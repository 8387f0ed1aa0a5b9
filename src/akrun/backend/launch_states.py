"""Where a launch can be moved to, and what stands in the way."""

from typing import Final

from akrun.backend.errors import StateError
from akrun.backend.records import Counts, LaunchState

ENDS: Final = frozenset({LaunchState.FINISHED, LaunchState.STOPPED})

_NEXT: Final = {
    LaunchState.LOADING: {LaunchState.STOPPED},
    LaunchState.READY: {LaunchState.SENDING, LaunchState.STOPPED},
    LaunchState.SENDING: {LaunchState.PAUSED, LaunchState.FINISHED, LaunchState.STOPPED},
    LaunchState.PAUSED: {LaunchState.SENDING, LaunchState.FINISHED, LaunchState.STOPPED},
    LaunchState.FINISHED: set[LaunchState](),
    LaunchState.STOPPED: set[LaunchState](),
}
"""From each state; `ready` is reached by loading alone."""


def require_way(launch_id: str, state: LaunchState, wanted: LaunchState) -> None:
    """Refuse a move that no way leads to; raises StateError."""
    if wanted not in _NEXT[state]:
        raise StateError(f"launch `{launch_id}` is {state} and cannot become {wanted}")


def require_none_left(launch_id: str, left: Counts) -> None:
    """Refuse to finish a launch that has messages left; raises StateError."""
    if left.pending or left.in_progress:
        raise StateError(
            f"launch `{launch_id}` is not finished:"
            f" {left.pending} messages pending, {left.in_progress} in progress"
        )
