import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from akrun.net.failures import HttpFailure
from akrun.net.message import check_url
from akrun.net.target import joined, target_of

HOSTS = st.sampled_from(["api.example", "API.Example.", "127.0.0.1", "[::1]", "bücher.example", "a_b"])
PORTS = st.sampled_from(["", ":80", ":443", ":8080", ":00080"])
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\\")
TAILS = st.text(st.one_of(st.sampled_from("/.?#%&=+~:@!$'()*,;-_ aZ09"), CHARACTERS), max_size=30)


@given(st.sampled_from(["http", "https", "HTTP"]), HOSTS, PORTS, TAILS)
@example("http", "a", "", "/a/./b")
@example("http", "a", "", "/a/../b?x='y'")
@example("http", "a", "", "//b//")
@example("http", "a", "", "/%e4%zz?%e4%zz")
@example("http", "a", "", "?x=1")
def test_a_target_is_what_httpx_makes_of_the_url(scheme: str, host: str, port: str, tail: str) -> None:
    url = f"{scheme}://{host}{port}{tail if tail[:1] in set('/?#') else '/' + tail}"
    try:
        parsed = check_url(url)
    except HttpFailure as failure:
        with pytest.raises(HttpFailure) as caught:
            target_of(url)
        assert caught.value.message == failure.message
        return
    target = target_of(url)
    assert target.path == parsed.raw_path
    assert target.origin.scheme == parsed.scheme
    assert target.origin.host.encode() == parsed.raw_host
    assert target.origin.port == (parsed.port or {"http": 80, "https": 443}[parsed.scheme])
    request = httpx.Request("GET", parsed)
    assert target.origin.authority == request.headers["host"].encode()
    assert httpx.URL(target.url) == parsed.copy_with(userinfo=b"", fragment=None, raw_path=parsed.raw_path)
    assert target.shown == target.url.partition("?")[0]


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b?c", "https://api.example:8443/b?c"),
        ("c", "https://api.example:8443/x/c"),
        ("?q=1", "https://api.example:8443/x/a?q=1"),
        ("", "https://api.example:8443/x/a?z"),
        ("//other.example/y", "https://other.example/y"),
        ("http://other.example", "http://other.example/"),
        ("https://u:p@other.example/", "https://other.example/"),
        ("/näch ste", "https://api.example:8443/n%C3%A4ch%20ste"),
    ],
)
def test_where_a_redirect_leads(location: str, url: str) -> None:
    assert joined(target_of("https://me:secret@api.example:8443/x/a?z#f"), location).url == url


@pytest.mark.parametrize(
    "location",
    ["file:///x", "ftp://a/", "//a\\@b/", "http://a: 80/", "http://[bad/", "http://", "javascript:alert(1)"],
)
def test_where_a_redirect_must_not_lead(location: str) -> None:
    with pytest.raises((HttpFailure, httpx.InvalidURL, ValueError)):
        joined(target_of("http://api.example/"), location)


def test_credentials_of_the_url_are_decoded_and_not_shown() -> None:
    target = target_of("https://me:p%40%C3%A4@api.example/x?key=secret")
    assert target.credentials == b"Basic bWU6cEDDpA=="
    assert target.shown == "https://api.example/x"
    assert target_of("https://api.example/x").credentials is None


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1", "+80", " 80", "8a", "８０"])
def test_a_port_is_a_number_from_1_to_65535(port: str) -> None:
    with pytest.raises(HttpFailure) as caught:
        target_of(f"http://api.example:{port}/")
    assert caught.value.kind == "url"
