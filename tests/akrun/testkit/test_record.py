"""Recording: real answers become mocks in the file, without secrets; then the case needs no service."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akrun.model.located import parse_located
from akrun.testkit import load_tests, run_file
from akrun.testkit.insert import insert_mocks
from akrun.testkit.matchers import TAGS
from tests.akrun.http_server import HttpServer, Received, Reply, serve_in_thread
from tests.akrun.testkit.shop import HEAD, akrun_test, shop

SECRET = "k-4711-secret"


def answer(request: Received) -> Reply:
    if request.target.startswith("/things/"):
        return Reply(headers={"Content-Type": "application/json", "Server": "x", "X-Key": SECRET},
                     body=b'{"id": 7, "name": "Pen %s"}' % SECRET.encode())  # fmt: skip
    return Reply(status=202, headers={"Content-Type": "text/plain"}, body="queued: ✓".encode())


def recorded(folder: Path, server: HttpServer, cases: str) -> Path:
    head = HEAD.replace("  http: [{method: POST, url: https://shop.example.com/send}]\n",
                        f"  set: {{sender.url: {server.url}}}\n")  # fmt: skip
    return shop(folder, cases, head)


THING = "  - name: a thing\n    operation: thing.get\n    input: {id: 7}\n"
CASES = """\
  # what the shop gives
  - name: a thing
    operation: thing.get
    input: {id: 7}
    # of ours
    expect:
      result: {id: 7}

  - name: a message
    profile: {id: p1}
    subscription: {phone: "1"}
    http:
      - {url: "*/other"}   # never asked
    expect:
      state: done
      requests: {count: 2}
  # the end
"""


def test_real_answers_become_mocks_that_replay(tmp_path: Path) -> None:
    with serve_in_thread(handler=answer) as server:
        path = recorded(tmp_path, server, CASES)
        before = path.read_text()
        result = akrun_test("--record", path)
        assert result.exit_code == 0, result.output
        assert [each.target for each in server.requests] == ["/things/7", "/send", "/send"]
        url = server.url
    assert result.output.splitlines() == [
        f"{path}:10 a thing: 1 mock recorded",
        f"{path}:27 a message: 1 mock recorded",
    ]
    added = f"""\
    http:
      - method: GET
        url: {url}/things/7
        respond:
          status: 200
          headers:
            x-key: '***'
          json:
            id: 7
            name: Pen ***
"""
    others = f"""\
      - method: POST
        url: {url}/send
        respond:
          - status: 202
            headers:
              content-type: text/plain
            body: 'queued: ✓'
          - status: 202
            headers:
              content-type: text/plain
            body: 'queued: ✓'
"""
    expected = before.replace("    # of ours\n    expect:", f"    # of ours\n{added}    expect:")
    expected = expected.replace("# never asked\n", f"# never asked\n{others}")
    assert path.read_text() == expected
    assert [each.state for each in run_file(load_tests(path))] == ["passed", "passed"]
    assert akrun_test("--record", path).output.splitlines()[-1].endswith("a message: nothing to record")


def test_a_failure_of_the_service_is_recorded_as_one(tmp_path: Path) -> None:
    with serve_in_thread() as server:
        cases = THING + "    expect: {error: {kind: connection}}\n"
        path = recorded(tmp_path, server, cases)
    assert akrun_test("--record", path).exit_code == 0
    assert "fault: refused" in path.read_text()
    assert [each.state for each in run_file(load_tests(path))] == ["passed"]


def test_a_key_of_the_process_is_used_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "the-real-key")
    with serve_in_thread(handler=lambda request: Reply(body=request.body)) as server:
        cases = '  - name: a message\n    profile: {id: p1}\n    subscription: {phone: "1"}\n'
        path = recorded(tmp_path, server, cases + "    expect: {requests: [{json: {key: other}}, {}]}\n")
        result = akrun_test("--record", path)
        assert b"the-real-key" in server.requests[0].body
    assert result.exit_code == 1
    assert "the-real-key" not in result.output + path.read_text()
    assert '+   key: "***"' in result.output


def test_a_file_in_braces_is_refused(tmp_path: Path) -> None:
    with serve_in_thread() as server:
        path = recorded(
            tmp_path,
            server,
            "  - {name: a thing, operation: thing.get, input: {id: 7}, expect: {error: null}}\n",
        )
        result = akrun_test("--record", path)
    assert result.exit_code == 1
    assert "mocks cannot be put in here" in result.output


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
KEY = st.text("abc:# -!'\"{}", max_size=4)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=8,
)
MOCK = st.fixed_dictionaries(
    {"method": st.sampled_from(["GET", "POST"]), "url": TEXT}, optional={"respond": VALUE}
)
FORMS = st.sampled_from(
    [
        "cases:\n  - name: a\n    expect: {}\n  - name: b\n",
        "cases:\n- name: a\n  http:\n  - url: x\n  # c\n\n- name: b\n",
        "cases:\n  - expect: {}\n    name: a\n",
        "cases:\n  - name: a\n    http:\n        - url: x",
        "cases:\n  - http:\n    - url: x\n    - {url: y}\n\n    name: a\n# end\n",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(form=FORMS, mocks=st.lists(MOCK, min_size=1, max_size=3))
def test_what_is_put_in_is_what_is_read(form: str, mocks: list[dict[str, object]]) -> None:
    """Whatever the mocks and the form: they are the last of the case's, and all else is as it was."""
    before, _ = parse_located(form, "x.test.yaml", is_json=False, tags=TAGS)
    after, faults = parse_located(insert_mocks(before, 0, mocks), "x.test.yaml", is_json=False, tags=TAGS)
    assert not faults
    case = before.value["cases"][0]
    assert after.value == {
        "cases": [{**case, "http": case.get("http", []) + mocks}, *before.value["cases"][1:]]
    }
