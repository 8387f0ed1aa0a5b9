"""A channel of so many pipes: the demo's message pipeline over and over, each round leading to the next."""

import copy
import json
from pathlib import Path
from typing import Any

_DEMO = Path(__file__).parents[2] / "examples" / "sms" / "channel.json"
_STEP = 10


def channel(pipes: int) -> str:
    """Its text, as JSON of two spaces' indentation."""
    made = json.loads(_DEMO.read_text(encoding="utf-8"))
    demo = made["pipelines"]["message"]
    rounds = -(-pipes // len(demo))
    made["pipelines"]["message"] = [
        _moved(pipe, number * _STEP, is_last=number == rounds - 1)
        for number in range(rounds)
        for pipe in demo
    ]
    return json.dumps(made, ensure_ascii=False, indent=2)


def _moved(pipe: dict[str, Any], by: int, *, is_last: bool) -> dict[str, Any]:
    """A pipe with all ids that much larger; the last event of a round leads to the next round."""
    found = copy.deepcopy(pipe)
    found["id"] += by
    outs = found.setdefault("outs", {})
    for way in outs:
        outs[way] += by
    if found["type"] == "selector":
        for branch in found["params"]["outs"]:
            branch["out"] += by
    if found["type"] == "event" and not is_last:
        outs["success"] = by + _STEP + 1
    return found
