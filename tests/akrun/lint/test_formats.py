"""The forms in which findings are printed."""

import json
import re
from pathlib import Path

from akrun.lint import check_channel
from akrun.lint.finding import Finding
from akrun.lint.formats import FORMATS, text

FAULTY = Path(__file__).parents[2] / "lint" / "faulty"


def findings_of(name: str) -> list[Finding]:
    return check_channel((FAULTY / name).read_text(encoding="utf-8"), f"channels/{name}")


def test_json_has_every_finding_and_the_counts() -> None:
    found = findings_of("L502-number-as-text.json")
    value = json.loads(FORMATS["json"](found))
    assert value["summary"] == {"error": 0, "warning": 1, "info": 0}
    (one,) = value["findings"]
    assert one.pop("hint") == "write `$#template.hours` for the value itself"
    assert one.pop("message").startswith("`template.hours` is an int")
    assert one == {
        "code": "L502", "severity": "warning", "name": "channels/L502-number-as-text.json",
        "line": 24, "column": 29, "end_line": 24, "end_column": 44,
        "pointer": "/pipelines/message/0/params/template/valid_hours", "fixable": True,
    }  # fmt: skip


def test_github_gets_a_command_a_line_with_its_own_escapes() -> None:
    (line,) = FORMATS["github"](findings_of("L202-set-on-one-way.json")).splitlines()
    assert line.startswith(
        "::warning file=channels/L202-set-on-one-way.json,line=33,endLine=33,title=L202,col=25,"
    )
    assert line.endswith("(give a default: `${in.country ?? …}`, or set it on every way)")
    file = check_channel('{"a": 1,\n', "odd,na:me%.json")
    assert "file=odd%2Cna%3Ame%25.json," in FORMATS["github"](file)


def test_sarif_has_rules_results_and_fixes() -> None:
    found = [*findings_of("L701-old-name-of-a-type.json"), *findings_of("C503-misspelled-method.json")]
    value = json.loads(FORMATS["sarif"](found))
    assert value["version"] == "2.1.0"
    (run,) = value["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"L701", "C503"}
    assert rules["L701"]["defaultConfiguration"] == {"level": "note"}
    assert [result["ruleId"] for result in run["results"]] == ["L701", "L701", "C503"]
    first = run["results"][0]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "channels/L701-old-name-of-a-type.json"},
        "region": {"startLine": 16, "startColumn": 17, "endLine": 16, "endColumn": 25},
    }
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 16, "startColumn": 18, "endLine": 16, "endColumn": 24},
            "insertedContent": {"text": "pack"},
        }
    ]
    assert "fixes" not in run["results"][2]


def test_colours_change_no_word() -> None:
    found = findings_of("L201-forgotten-unpack.json")
    coloured = text.render(found, 1, colour=True)
    assert "\x1b[31m\x1b[1merror L201" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text.render(found, 1)
    assert text.summary([], 2) == "2 channels: nothing wrong"
