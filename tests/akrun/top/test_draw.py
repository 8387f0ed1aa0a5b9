"""The picture on 80 columns, as it is."""

import json
from dataclasses import replace
from io import StringIO
from typing import Any

from rich.console import Console

from akrun.top.draw import draw
from akrun.top.snapshot import MailingLine, Snapshot
from tests.akrun.top.scene import EVERYTHING, NOTHING, NOW, counts

EVERYTHING_SHOWN = """\
akrun top  nats://10.0.0.1:4222,nats://10.0.0.2:4222     2030-03-17 17:46:40 UTC
1,241/s in all   jobs: 12 waiting, 3 under way, 7.4/s   dead letters: 15

mailing     state      progress       done failed uncertain    left    rate  ETA
501 Bakery… sending    ━━━╺━━  50% 500,000     12         3 499,985 1,234/s 6:45
a-7 Remind… sending    ━━━━━━   0%       0      0         0      10     0/s -:--
502 Spring  paused     ━━━━╸━  75%      10      0         0      10
503 Summer  moderating
500 Winter  finished   ━━━━━━ 100%   1,000      0         0       0

process                                       pid   up under way      done  rate
serve on gateway-1                           4711  3 d        64 1,250,000 617/s
worker on gateway-2                            42 0:05        32     1,000 4.2/s

open circuit breakers                                          processes waiting
https://api.example.com                                           2 of 2      14

latest failures                                     pipe      count         last
500: https://api.example.com/send answered 500      message 3    12     0:07 ago
payload: its payload cannot be read                 listener      3 24:00:00 ago
"""

NOTHING_SHOWN = """\
akrun top  .akrun/akrun.db                               2030-03-17 17:46:40 UTC
0/s in all   jobs: 0 waiting, 0 under way, 0/s   dead letters: 0

Mailings  none yet

Processes  none; `akrun serve` starts one
"""


def shown(seen: Snapshot, width: int = 80, **options: Any) -> str:
    console = Console(record=True, file=StringIO(), width=width, height=24, force_terminal=True)
    console.print(draw(seen, **options))
    return "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())


def test_everything() -> None:
    assert shown(EVERYTHING) == EVERYTHING_SHOWN


def test_nothing() -> None:
    assert shown(NOTHING) == NOTHING_SHOWN
    assert "none; `akrun worker` or `akrun serve` starts one" in shown(replace(NOTHING, shared=True))


def test_no_line_is_wrapped_however_large_the_numbers_are() -> None:
    line = MailingLine(1, "x" * 200, "sms", "moderating", None, 0.0)
    large = replace(line, state="sending", counts=counts(*[9_999_999] * 4), rate=99_999.0)
    text = shown(replace(EVERYTHING, mailings=(line, large), place="nats://x:4222," * 20))
    assert text.splitlines()[0].endswith("… 2030-03-17 17:46:40 UTC")
    assert len(text.splitlines()) == len(shown(replace(EVERYTHING, mailings=(line, line))).splitlines())
    assert all(len(each) <= 80 for each in text.splitlines())


def test_only_so_many_lines_of_each_table() -> None:
    text = shown(EVERYTHING, most=2)
    assert "and 3 more" in text
    assert "Spring" not in text
    assert "and" not in text.partition("process ")[2]


def test_what_others_wrote_is_no_markup_and_steers_nothing() -> None:
    [first, *_] = EVERYTHING.mailings
    text = shown(replace(EVERYTHING, mailings=(replace(first, name="[red]\x1b[2J"),)), width=120)
    assert "501 [red]�[2J" in text


def test_it_says_that_the_backend_does_not_answer() -> None:
    assert "not up to date: nats://x: it is gone" in shown(EVERYTHING, problem="nats://x: it is gone")


def test_rates_and_times() -> None:
    ever = replace(EVERYTHING.processes[0], since=NOW + 5, rate=0.04)
    assert " 0:00 " in shown(replace(EVERYTHING, processes=(ever,)))  # by a clock that goes ahead
    assert "0.0/s" in shown(replace(EVERYTHING, processes=(ever,)))


def test_as_json() -> None:
    made = EVERYTHING.to_dict()
    assert made["time"] == "2030-03-17T17:46:40.000+00:00"
    assert made["processes"][1]["since"] == "2030-03-17T17:46:35.000+00:00"
    assert made["failures"][0]["last"] == "2030-03-17T17:46:33.000+00:00"
    assert [(each["left"], each["eta"]) for each in made["mailings"][:2]] == [
        (499_985, 499_985 / 1234.0),
        (10, None),
    ]
    assert made["rate"] == 1234.0 + 7.4
    assert json.loads(json.dumps(made["breakers"])) == [
        {"origin": "https://api.example.com", "processes": 2, "waiting": 14}
    ]
