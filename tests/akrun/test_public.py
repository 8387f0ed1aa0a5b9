"""What the package exports: every name is there, and importing the package imports nothing else."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import akrun

EXPORTED = [name for name in akrun.__all__ if name != "testkit"]


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_name_is_a_class_or_function_with_a_docstring(name: str) -> None:
    found = getattr(akrun, name)
    assert found.__name__ == name
    assert found.__module__.startswith("akrun.")
    assert inspect.getdoc(found)


def test_the_exported_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse(Path(akrun.__file__).read_text(encoding="utf-8"))
    [checking] = [each for each in tree.body if isinstance(each, ast.If)]
    seen = {
        (each.module, name.name)
        for each in checking.body
        if isinstance(each, ast.ImportFrom)
        for name in each.names
    }
    exported = {(f"akrun.{module}", name) for module, names in akrun._MODULES.items() for name in names}
    assert seen == exported | {("akrun", "testkit")}
    assert {name for _, name in seen} == set(akrun.__all__) <= set(dir(akrun))


def test_the_testkit_comes_with_the_package() -> None:
    program = "import akrun; print(akrun.testkit.FakeService.__name__)"
    assert run(program) == "FakeService\n"


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys; before = set(sys.modules); import akrun\n"
        "heavy = {'aktmpl', 'pydantic', 'httpx', 'orjson', 'click', 'rich', 'sqlite3', 'asyncio'}\n"
        "print(sorted(name for name in set(sys.modules) - before"
        " if name.startswith('akrun.') or name in heavy))\n"
    )
    assert run(program) == "[]\n"


def test_what_is_not_exported_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="module 'akrun' has no attribute 'lod_channel'"):
        getattr(akrun, "lod_channel")  # noqa: B009 - type checkers know that it is not there


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout
