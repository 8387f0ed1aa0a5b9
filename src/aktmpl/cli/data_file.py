"""Data files: JSON or YAML to values of the language."""

import json
import sys
from pathlib import Path
from typing import Any

STDIN = "-"
"""The name that stands for standard input."""


class DataFault(ValueError):
    """A file that cannot be read, or does not hold what it should.

    Attributes:
        reason: What is wrong, without the file's name.
        offset: Where, in characters, if it is known.
    """

    def __init__(self, message: str, reason: str | None = None, offset: int = 0) -> None:
        super().__init__(message)
        self.reason = reason or message
        self.offset = offset


def read_text(name: str) -> str:
    """The text of a file, or of standard input for `-`; a byte order mark is left out.

    Raises:
        DataFault: There is no such file, or it is not UTF-8.
    """
    try:
        raw = sys.stdin.buffer.read() if name == STDIN else Path(name).expanduser().read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise DataFault(f"cannot read {name}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataFault(f"{name} is not UTF-8 (at byte {error.start})") from None


def is_yaml(name: str) -> bool:
    """Whether a file's name says that it holds YAML."""
    return name.endswith((".yaml", ".yml"))


def read_value(name: str) -> Any:
    """The value of a JSON file, or of a YAML file if its name says so.

    Raises:
        DataFault: The file cannot be read, or does not hold one value.
    """
    return parse_value(read_text(name), name)


def parse_value(text: str, name: str) -> Any:
    """The value that a text holds; arguments and errors as of `read_value`."""
    return _yaml(text, name) if is_yaml(name) else parse_json(text, name)


def parse_json(text: str, name: str = "the text") -> Any:
    """The value of JSON text; NaN and infinities are no JSON."""
    try:
        return json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise DataFault(f"{name}:{error.lineno}:{error.colno}: {reason}", reason, error.pos) from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else f"not JSON: {error}"
        raise DataFault(f"{name}: {reason}", reason) from None


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def _yaml(text: str, name: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return _json_value(YAML(typ="safe", pure=True).load(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise DataFault(f"{name}{place}: not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise DataFault(f"{name}: not YAML: {error}") from None
    except RecursionError:
        raise DataFault(f"{name}: nested too deep") from None


def _json_value(value: Any) -> Any:
    """What YAML gives as JSON has it: keys are strings, dates are their ISO form."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
