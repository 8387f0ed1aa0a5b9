"""The language cases, mutated byte by byte and piece by piece."""

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.aktmpl import language_cases
from tests.aktmpl.language_cases import Case
from tests.fuzz import oracle
from tests.fuzz.budget import SECONDS, fuzz

pytestmark = pytest.mark.timeout(SECONDS + 120)

CASES = language_cases.cases()
PIECES = [
    b"$", b"${", b"}", b"$#", b"$#{", b"$$", b"$?", b"[$]", b"[$#]", b"\\", b"'", b'"', b"(", b")", b"[",
    b"]", b"{", b"?", b":", b"??", b"?.", b".", b".%0", b",", b"|", b" | upper", b" or ", b" and ",
    b"not ", b" is null", b" = ", b"~=", b"+", b"-", b"*", b"/", b"%", b"^", b"1", b"in.a", b"$in.l",
    b"item", b"\xd1\x8f", b"\xf0\x9f\x98\x80", b"\xff", b"\x00", b"\n", b"\\ud83d", b"[name]", b"null",
    b"f(", b"x=",
]  # fmt: skip


def of_kind(*kinds: str) -> list[Case]:
    return [case for case in CASES if case.kind in kinds and not {"stack", "without"} & set(case.fields)]


@st.composite
def mutated(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """A member of the corpus after a few edits."""
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 6)))
        other = draw(st.sampled_from(corpus))
        cut = draw(st.integers(0, len(other)))
        new = draw(
            st.one_of(
                st.sampled_from(PIECES),
                st.binary(max_size=3),
                st.just(data[start:end] * 3),
                st.just(other[cut : cut + 12]),
                st.just(b""),
            )
        )
        data = data[:start] + new + data[end:]
    return data


def texts(*kinds: str) -> st.SearchStrategy[str]:
    corpus = sorted({str(case.template).encode("utf-8", "surrogatepass") for case in of_kind(*kinds)})
    return mutated(corpus).map(lambda data: data.decode("utf-8", "surrogateescape"))


def test_mutated_texts() -> None:
    fuzz(texts("text", "query"), oracle.check_text, examples=500)


def test_mutated_queries() -> None:
    fuzz(texts("text", "query"), oracle.check_query, examples=500)


def test_mutated_documents() -> None:
    corpus = sorted({case.fields["document"].encode() for case in of_kind("document")})

    def check(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        document: Any = text
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = {"text": text, text: ["$#in.a"]}
        oracle.check_document(document)

    fuzz(mutated(corpus), check, examples=500)
