"""`akrun lsp` and `aktmpl lsp` where something is not installed."""

import importlib.util

import pytest
from click.testing import CliRunner

from akrun.cli import main as akrun
from aktmpl.cli import main as aktmpl


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The package that the test names is not there."""
    found = importlib.util.find_spec
    name: str = request.param
    for module in ("akrun.cli.lsp", "aktmpl.cli.lsp"):
        importlib.import_module(module)
        monkeypatch.setattr(f"{module}.find_spec", lambda each: None if each == name else found(each))


@pytest.mark.parametrize("missing", ["pygls"], indirect=True)
@pytest.mark.usefixtures("missing")
def test_without_pygls() -> None:
    for command in (akrun, aktmpl):
        result = CliRunner().invoke(command, ["lsp"])
        assert result.exit_code == 1
        assert result.stderr == "the language server needs pygls: pip install 'akrun[lsp]'\n"


@pytest.mark.parametrize("missing", ["akrun"], indirect=True)
@pytest.mark.usefixtures("missing")
def test_without_akrun() -> None:
    result = CliRunner().invoke(aktmpl, ["lsp"])
    assert result.exit_code == 1
    assert result.stderr == "the language server is part of akrun: pip install 'akrun[lsp]'\n"
