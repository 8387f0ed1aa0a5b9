"""What stands below the fields of a class in its source.

Pydantic reads it for every class as it is defined, which takes a seventh of a command's start. It is
needed for schemas alone.
"""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise


def attribute_docstrings(cls: type) -> dict[str, str]:
    """The texts below the annotated attributes of a class, those it inherits among them, by their names."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.startswith("akrun."):
            found |= _own(each)
    return found


@cache
def _own(cls: type) -> dict[str, str]:
    [defined] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(defined, ast.ClassDef)
    return {
        attribute.target.id: inspect.cleandoc(text.value.value)
        for attribute, text in pairwise(defined.body)
        if isinstance(attribute, ast.AnnAssign)
        and isinstance(attribute.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
