"""Libraries that are installed by an extra, when a function needs one."""

from importlib import import_module
from typing import Any

from aktmpl.errors import Fault


def library(module: str, extra: str, name: str) -> Any:
    """The module; without it a fault (E411) that says how to install what `name` needs."""
    try:
        return import_module(module)
    except ImportError:
        hint = f"pip install 'akrun[{extra}]'"
        raise Fault("E411", f"`{name}` needs a library that is not installed", hint) from None
