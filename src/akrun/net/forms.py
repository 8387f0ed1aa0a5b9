"""Forms as HTTP carries them: in a URL's query, urlencoded, or as multipart."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

FORM_TYPE = "application/x-www-form-urlencoded"

TextOf = Callable[[Any, str], str]
"""The text of a value; its second argument names the field for the error."""


def form_pairs(form: Mapping[str, Any], text_of: TextOf) -> list[tuple[str, str]]:
    """The fields in order: a list repeats its field, any other value is its text form."""
    return [(name, text_of(item, f"form.{name}")) for name, item in _fields(form)]


def urlencoded(form: Mapping[str, Any], text_of: TextOf) -> bytes:
    """The body of an `application/x-www-form-urlencoded` request, in UTF-8."""
    return urlencode(form_pairs(form, text_of)).encode("ascii")


def with_query(url: str, form: Mapping[str, Any], text_of: TextOf) -> str:
    """The URL with the fields after those of its own query, which stays as it is written."""
    encoded = urlencode(form_pairs(form, text_of))
    if not encoded:
        return url
    address, hash_sign, fragment = url.partition("#")
    _, mark, query = address.partition("?")
    separator = "?" if not mark else "" if not query or query.endswith("&") else "&"
    return f"{address}{separator}{encoded}{hash_sign}{fragment}"


def multipart(form: Mapping[str, Any], text_of: TextOf) -> tuple[str, bytes]:
    """Content type and body of a `multipart/form-data` request (RFC 7578).

    An object with `content` or `media_type` is a file, `{name, media_type, content}`, its content bytes or
    base64. The boundary follows from the content, so that the same form is the same request.

    Raises:
        ValueError: a file's name, media type or content is none.
    """
    parts = [_part(name, item, text_of) for name, item in _fields(form)]
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    boundary = f"akrun-{digest.hexdigest()[:48]}".encode()
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary
    return f"multipart/form-data; boundary={boundary.decode()}", body


def _fields(form: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in form.items():
        for item in value if isinstance(value, list) else (value,):
            yield name, item


def _part(name: str, value: Any, text_of: TextOf) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if isinstance(value, bytes):
        return disposition.encode() + b"\r\n\r\n" + value
    if not isinstance(value, dict) or not value.keys() & {"content", "media_type"}:
        return f"{disposition}\r\n\r\n{text_of(value, f'form.{name}')}".encode()
    file_name = value.get("name", name)
    media_type = value.get("media_type") or "application/octet-stream"
    content = value.get("content")
    if not isinstance(file_name, str) or not isinstance(media_type, str):
        raise ValueError(f"form.{name}: name and media_type of a file are texts")  # noqa: TRY004 - one error for all
    if isinstance(content, str):
        try:
            content = b64decode(content, validate=True)
        except ValueError as exc:
            raise ValueError(f"form.{name}: the content of a file is not base64") from exc
    if not isinstance(content, bytes):
        raise ValueError(f"form.{name}: a file needs its content, as base64")  # noqa: TRY004
    if not media_type.isascii() or not media_type.isprintable():
        raise ValueError(f"form.{name}: the media type of a file is printable ASCII")
    head = f'{disposition}; filename="{_quoted(file_name)}"\r\nContent-Type: {media_type}\r\n\r\n'
    return head.encode() + content


def _quoted(name: str) -> str:
    # As browsers write names (WHATWG HTML, multipart/form-data): only these three can end the quoted text.
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
