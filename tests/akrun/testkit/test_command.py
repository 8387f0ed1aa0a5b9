"""`akrun test`: which cases, how many processes, what is printed and written, and the exit codes."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from akrun.testkit import find_tests
from akrun.testkit.watch import changes, watched
from tests.akrun.testkit.shop import ONE, akrun_test, case, shop, timeless

ROOT = Path(__file__).parents[3]
BAD = case("bad", "failed")
TWO = case("another")


def test_all_that_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = akrun_test()
    assert result.exit_code == 0
    assert timeless(result.output).splitlines()[:5] == [
        "shop.test.yaml .",
        "",
        "channel.yaml: pipes 8 of 18 (44 %), exits 7 of 15 (47 %)",
        "    message 1: exit error was never taken",
        "    message 2: exit error was never taken",
    ]
    assert timeless(result.output).splitlines()[-1] == "1 passed in …"


def test_one_that_fails(tmp_path: Path) -> None:
    result = akrun_test(shop(tmp_path, ONE + BAD))
    assert result.exit_code == 1
    assert timeless(result.output).splitlines()[-1] == "1 passed, 1 failed in …"


def test_the_first_that_fails_is_the_last(tmp_path: Path) -> None:
    shop(tmp_path, BAD + ONE, name="a.test.yaml")
    shop(tmp_path, ONE, name="b.test.yaml")
    result = akrun_test("-x", tmp_path)
    assert timeless(result.output).splitlines()[-1] == "0 passed, 1 failed in …"


@pytest.mark.parametrize(("words", "last"), [("ANOTHER", "1 passed in …"), ("a.test", "2 passed in …")])
def test_cases_by_name(tmp_path: Path, words: str, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(tmp_path / "x", ONE + TWO, name="a.test.yaml")
    shop(tmp_path / "x", ONE, name="b.test.yaml")
    monkeypatch.chdir(tmp_path / "x")
    assert timeless(akrun_test("-k", words).output).splitlines()[-1] == last


def test_nothing_to_run(tmp_path: Path) -> None:
    result = akrun_test(tmp_path)
    assert (result.exit_code, result.output) == (
        1, "there are no tests here: a test file is named <channel>.test.yaml\n",
    )  # fmt: skip
    result = akrun_test("-k", "nowhere", shop(tmp_path))
    assert (result.exit_code, result.output) == (1, "no case has 'nowhere' in its file's path or its name\n")


@pytest.mark.parametrize("arguments", [("-n", "0"), ("-n", "many"), ("--watch", "--record"), ("--whatever",)])
def test_wrong_usage(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert akrun_test(*arguments, tmp_path).exit_code == 2


def test_files_that_cannot_be_tests(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("")
    assert "C102 this is no test file" in akrun_test(tmp_path / "x.yaml").output
    assert "C101 there is no such file" in akrun_test(tmp_path / "y.test.yaml").output


def test_a_channel_with_faults(tmp_path: Path) -> None:
    path = shop(tmp_path)
    channel = tmp_path / "channel.yaml"
    channel.write_text(channel.read_text().replace("type: sql_pipe", "type: sql_pip"))
    result = akrun_test(path)
    assert result.exit_code == 1
    assert "C501 there is no pipe of type `sql_pip`" in result.output
    assert "did you mean `sql_pipe`?" in result.output
    assert timeless(result.output).splitlines()[-1] == "0 passed, 1 file could not be read in …"


def test_the_trace_of_a_failed_case(tmp_path: Path) -> None:
    result = akrun_test("-v", shop(tmp_path, ONE + BAD))
    lines = timeless(result.output).splitlines()
    assert lines[1:3] == ["  passed one (…)", "  failed bad (…)"]
    assert "bad: run 1, message" in lines
    assert "one: run 1, message" not in lines
    assert [line for line in lines if line.startswith("╭─ 4 store_set")]
    assert "k-4711" not in result.output


def test_processes_give_the_same(tmp_path: Path) -> None:
    shop(tmp_path, ONE + BAD + TWO, name="a.test.yaml")
    shop(tmp_path, "".join(case(f"case {number}") for number in range(20)), name="b.test.yaml")
    (tmp_path / "c.test.yaml").write_text("channel: x\n")
    alone, together = (timeless(akrun_test("-n", count, tmp_path).output) for count in ("1", "3"))
    assert together == alone
    assert alone.splitlines()[-1] == "22 passed, 1 failed, 1 file could not be read in …"
    stopped = akrun_test("-n", "2", "-x", tmp_path)
    assert (stopped.exit_code, "FAILED" in stopped.output) == (1, True)


ENDLESS = """\
channel: channel.json
cases:
  - name: never known
    set: {sender.url: "https://x.example.com", sender.api_key: k-4711}
    steps:
      - schedule: {pipe: 2, data: {id: m}}
      - advance: end
    http: [{respond: {json: {status: pending}}}]
    expect: {events: []}
"""


def test_what_never_ends(tmp_path: Path) -> None:
    """A message that is asked about for ever is asked about a thousand times, and the case says so."""
    shutil.copyfile(ROOT / "examples/sms/channel.json", tmp_path / "channel.json")
    (tmp_path / "x.test.yaml").write_text(ENDLESS)
    result = akrun_test(tmp_path)
    assert result.exit_code == 1
    assert "it cannot be run: after 1,000 hand-overs there are still more" in result.output


def test_junit(tmp_path: Path) -> None:
    path = shop(tmp_path, ONE + case('"bad \\"<&>\\" \\a"', "failed"))
    (tmp_path / "x.test.yaml").write_text("channel: x\n")
    akrun_test(tmp_path, "--junit", tmp_path / "junit.xml")
    root = ET.parse(tmp_path / "junit.xml").getroot()
    suites = [{key: suite.get(key) for key in ("tests", "failures", "errors")} for suite in root]
    assert suites == [
        {"tests": "2", "failures": "1", "errors": "0"},
        {"tests": "1", "failures": "0", "errors": "1"},
    ]
    bad = root[0][1]
    assert (bad.get("name"), bad.get("classname"), bad.get("line")) == ('bad "<&>" \ufffd', str(path), "13")
    assert bad[0].get("message") == "state"
    assert bad[0].text is not None
    assert bad[0].text.splitlines() == [f"{path}:16: state", '    - "failed"', '    + "done"']


def test_the_page_of_the_coverage(tmp_path: Path) -> None:
    akrun_test(shop(tmp_path), "--coverage", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    named = re.sub(r'http_request|xmlns="http://www.w3.org/2000/svg"', "", page)
    assert "http" not in named  # nothing is loaded from elsewhere
    assert (page.count("<svg "), page.count("<h3>")) == (1, 4)
    pipe = r'<td class="(hit|miss)"><code>(?:1|9) \w+</code></td><td class="n \w+">(\d+)'
    assert re.findall(pipe, page) == [
        ("hit", "1"), ("miss", "0"), ("miss", "0"), ("miss", "0"), ("miss", "0"),
    ]  # fmt: skip
    assert '<td class="hit">out 20</td><td>20</td><td class="n hit">2</td>' in page
    assert '<td class="miss">error</td><td>9</td><td class="n miss">0</td>' in page


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    result = akrun_test(shop(tmp_path), "--coverage", tmp_path / "no" / "page.html")
    assert result.exit_code == 1
    assert "No such file or directory" in result.output


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    for name in ("b/x.test.yaml", "a/y.test.yml", "a/x.yaml", ".git/z.test.yaml", "z.test.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = find_tests((tmp_path, tmp_path / "a"))
    assert [str(each.relative_to(tmp_path)) for each in found] == [
        "z.test.json",
        "a/y.test.yml",
        "b/x.test.yaml",
    ]


def test_watching(tmp_path: Path) -> None:
    """A change of the channel or the mailing is seen, and so is a file that appears."""
    path = shop(tmp_path)
    files = [path]
    edits = iter(["", "channel.yaml", "mailing.yaml", "", "shop.test.yaml"])

    def wait(_: float) -> None:
        name = next(edits)
        if name:
            (tmp_path / name).write_text((tmp_path / name).read_text() + "\n# changed\n")

    seen = changes(lambda: watched(files), wait=wait)
    assert [next(seen) for _ in range(3)] == [
        {tmp_path / "channel.yaml"}, {tmp_path / "mailing.yaml"}, {path},
    ]  # fmt: skip


def test_a_watched_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.test.yaml"
    path.write_text("- :")
    assert watched([path]) == {path}
