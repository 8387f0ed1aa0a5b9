"""Text as bytes, and bytes as text."""

from base64 import b64encode

from aktmpl.errors import Fault


def octets(data: str | bytes) -> bytes:
    """Text in UTF-8; bytes as they are."""
    if isinstance(data, bytes):
        return data
    try:
        return data.encode("utf-8")
    except UnicodeEncodeError:
        raise Fault("E406", "half a surrogate pair cannot be written as UTF-8") from None


def base64_text(data: bytes) -> str:
    """Bytes in base64 (RFC 4648) with padding."""
    return b64encode(data).decode("ascii")
