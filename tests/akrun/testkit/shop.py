"""The channel of the testkit's own tests, in a folder of its own, and the command run on cases of it."""

import re
import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from akrun.cli import main

FOLDER = Path(__file__).parent / "diffs"

HEAD = """\
channel: channel.yaml
defaults:
  mailing: mailing.yaml
  env: {SHOP_KEY: k-4711-secret, SHOP_SECRET: s-4711}
  connectors:
    crm: {script: ["CREATE TABLE clients (phone TEXT, name TEXT)", "INSERT INTO clients VALUES ('1', 'Ann')"]}
  http: [{method: POST, url: https://shop.example.com/send}]
cases:
"""


def case(name: str, state: str = "done") -> str:
    """A case that passes, for its state is `done`."""
    return f"""\
  - name: {name}
    profile: {{id: p1}}
    subscription: {{phone: "1"}}
    expect: {{state: {state}}}
"""


ONE = case("one")


def shop(folder: Path, cases: str = ONE, head: str = HEAD, name: str = "shop.test.yaml") -> Path:
    """A test file beside the shop's channel and mailing."""
    folder.mkdir(exist_ok=True)
    for each in ("channel.yaml", "mailing.yaml"):
        shutil.copyfile(FOLDER / each, folder / each)
    path = folder / name
    path.write_text(head + cases)
    return path


def akrun_test(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, arguments)])


def timeless(text: str) -> str:
    """Output without how long it took."""
    return re.sub(r"(?<= in )\d+\.\d\d s|(?<=\()\d+ ms(?=\))", "…", text)
