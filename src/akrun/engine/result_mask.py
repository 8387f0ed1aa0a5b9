"""Results of entities' operations as they may be shown."""

import copy
from typing import Any

from akrun.engine.operation import OperationResult
from akrun.engine.secrets import MASK
from akrun.model.entities import Entity
from akrun.model.fields import data_fields
from akrun.model.values import part


def masked_result(entity: Entity, result: OperationResult) -> OperationResult:
    """A copy of a result; the values of the entity's secret fields are masked."""
    paths = [tuple(field.name.split(".")) for field in data_fields(entity.fields) if field.secret]
    if isinstance(result, list):
        return [_masked(item, paths) for item in result]
    return _masked(result, paths)


def _masked(item: dict[str, Any], paths: list[tuple[str, ...]]) -> dict[str, Any]:
    shown = copy.deepcopy(item)
    for *steps, last in paths:
        parent = part(shown, tuple(steps))
        if isinstance(parent, dict) and parent.get(last) is not None:
            parent[last] = MASK
    return shown
