"""Checksums and keyed hashes, as text."""

from typing import Literal

from aktmpl.functions.derive import family
from aktmpl.functions.function import Example
from aktmpl.functions.octets import base64_text, octets

hash_function = family("hashing")


def _hashed(algorithm: str, data: str | bytes) -> str:
    import hashlib  # noqa: PLC0415 - it loads OpenSSL

    return hashlib.new(algorithm, octets(data), usedforsecurity=False).hexdigest()


@hash_function(
    Example("'abc' | md5", "900150983cd24fb0d6963f7d28e17f72"),
    Example("md5('')", "d41d8cd98f00b204e9800998ecf8427e"),
)
def md5(data: str | bytes) -> str:
    """The MD5 sum in hexadecimal; good for old interfaces, not for secrets."""
    return _hashed("md5", data)


@hash_function(
    Example("'abc' | sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    Example("sha1('')", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
)
def sha1(data: str | bytes) -> str:
    """The SHA-1 sum in hexadecimal; good for old interfaces, not for secrets."""
    return _hashed("sha1", data)


@hash_function(
    Example("'abc' | sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    Example("sha256('') | slice(0, 8)", "e3b0c442"),
)
def sha256(data: str | bytes) -> str:
    """The SHA-256 sum in hexadecimal."""
    return _hashed("sha256", data)


@hash_function(
    Example("'abc' | sha512 | slice(0, 16)", "ddaf35a193617aba"), Example("sha512('') | length", 128)
)
def sha512(data: str | bytes) -> str:
    """The SHA-512 sum in hexadecimal."""
    return _hashed("sha512", data)


@hash_function(Example("'123456789' | crc32", "cbf43926"), Example("crc32('')", "00000000"))
def crc32(data: str | bytes) -> str:
    """The CRC-32 checksum (of zip and Ethernet) in eight hexadecimal digits."""
    import zlib  # noqa: PLC0415 - few templates need it

    return f"{zlib.crc32(octets(data)):08x}"


@hash_function(
    Example(
        "'what do ya want for nothing?' | hmac('Jefe')",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    Example(
        "hmac('what do ya want for nothing?', 'Jefe', 'sha1', encoding='base64')",
        "7/zfauXrL6LSdBbV8YTfnCWafHk=",
    ),
    Example("hmac('text', 'key', 'sha3')", error="E207"),
)
def hmac(
    data: str | bytes,
    key: str | bytes,
    algorithm: Literal["sha256", "sha1", "sha512", "md5"] = "sha256",
    encoding: Literal["hex", "base64", "bytes"] = "hex",
) -> str | bytes:
    """The keyed hash (HMAC, RFC 2104) of the data, in hexadecimal unless asked otherwise."""
    import hmac as library  # noqa: PLC0415 - it loads OpenSSL

    digest = library.digest(octets(key), octets(data), algorithm)
    if encoding == "bytes":
        return digest
    return digest.hex() if encoding == "hex" else base64_text(digest)
