"""The audience of the SMS example: generated, varied, with known outcomes."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from akrun.demo.rules import Message, judge

SMS = Path(__file__).parents[2] / "examples" / "sms"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SMS / "audience.jsonl").read_text(encoding="utf-8").splitlines()]


def test_generating_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    again = tmp_path / "audience.jsonl"
    subprocess.run(
        [sys.executable, str(SMS / "make_audience.py"), str(again)],
        check=True,
        capture_output=True,
        env={"PYTHONHASHSEED": "7"},
    )
    assert again.read_bytes() == (SMS / "audience.jsonl").read_bytes()


def test_the_gateway_answers_in_the_known_proportions(rows: list[dict[str, Any]]) -> None:
    answers = Counter(
        judge(Message(id=row["profile"]["id"], to=phone, sender="Bakery", text="Hello")).outcome.value
        if (phone := row["subscription"].get("phone"))
        else "no phone"
        for row in rows
    )
    assert answers == {
        "accepted": 910,
        "undeliverable": 35,
        "no phone": 30,
        "rejected": 12,
        "throttled": 8,
        "failed": 5,
    }


def test_ids_and_numbers_are_unique(rows: list[dict[str, Any]]) -> None:
    phones = [row["subscription"]["phone"] for row in rows if row["subscription"]]
    assert len(set(phones)) == len(phones)
    assert len({row["profile"]["id"] for row in rows}) == len(rows) == 1000


@pytest.mark.parametrize(
    "part", ["Ж", "ë", '"', "'", "\\", "$", "${sender.api_key}", "🎉", "\n", "李", "שרה"]
)
def test_names_of_many_kinds_are_among_them(rows: list[dict[str, Any]], part: str) -> None:
    names = [row["profile"].get("first_name", "") for row in rows if row["subscription"]]
    assert any(part in name for name in names)


def test_some_profiles_have_no_first_name(rows: list[dict[str, Any]]) -> None:
    assert 10 < sum("first_name" not in row["profile"] for row in rows) < 40
