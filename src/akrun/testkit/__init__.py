"""Testing channels: cases in YAML, mocked services, virtual time; all parts serve in other tests too.

Names are imported when they are first used: pytest loads a plugin from here in every session.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from akrun.engine.clock import VirtualClock
    from akrun.testkit.bench import Bench
    from akrun.testkit.check import Finding
    from akrun.testkit.load import Loaded, LoadedCase, find_tests, load_tests
    from akrun.testkit.run import CaseResult, run_case, run_file
    from akrun.testkit.service import FakeService
    from akrun.testkit.sql import FakeSql
    from akrun.testkit.store import FakeStore
    from akrun.testkit.virtual import LoopClock, StuckError, VirtualLoop

__all__ = [
    "Bench",
    "CaseResult",
    "FakeService",
    "FakeSql",
    "FakeStore",
    "Finding",
    "Loaded",
    "LoadedCase",
    "LoopClock",
    "StuckError",
    "VirtualClock",
    "VirtualLoop",
    "find_tests",
    "load_tests",
    "run_case",
    "run_file",
]

_MODULES: Final = {
    "akrun.engine.clock": ("VirtualClock",),
    "akrun.testkit.bench": ("Bench",),
    "akrun.testkit.check": ("Finding",),
    "akrun.testkit.load": ("Loaded", "LoadedCase", "find_tests", "load_tests"),
    "akrun.testkit.run": ("CaseResult", "run_case", "run_file"),
    "akrun.testkit.service": ("FakeService",),
    "akrun.testkit.sql": ("FakeSql",),
    "akrun.testkit.store": ("FakeStore",),
    "akrun.testkit.virtual": ("LoopClock", "StuckError", "VirtualLoop"),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value
