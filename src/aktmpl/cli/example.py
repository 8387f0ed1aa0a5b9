"""Examples at the end of a command's help."""

from typing import Final

_HEAD: Final = "\b\nExample:\n"


def example(command: str) -> str:
    """An epilog of click that shows this command, unwrapped."""
    return f"{_HEAD}  {command}"


def example_of(epilog: str | None) -> str | None:
    """The command that an epilog shows; None where it shows none."""
    return epilog.removeprefix(_HEAD).strip() if epilog and epilog.startswith(_HEAD) else None
