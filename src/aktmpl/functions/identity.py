"""Functions that give something else each time. None of them is pure."""

from aktmpl.errors import shown
from aktmpl.functions.derive import function
from aktmpl.functions.function import ArgumentFault, Context, Example


@function(
    category="identity",
    since="0.1",
    pure=False,
    examples=[Example("uuid() | length", 36), Example("uuid() ~= '^[0-9a-f-]+$'", result=True)],
)
def uuid(*, context: Context) -> str:
    """A new random identifier (UUID version 4, RFC 9562)."""
    from uuid import UUID  # noqa: PLC0415 - few templates need it

    return str(UUID(bytes=context.entropy(16), version=4))


@function(
    category="identity",
    since="0.1",
    pure=False,
    examples=[
        Example("random() < 1", result=True),
        Example("random(7, 7)", 7),
        Example("random(100000, 999999) | type_of", "int"),
        Example("random(2, 1)", error="E410"),
    ],
)
def random(minimum: int | None = None, maximum: int | None = None, *, context: Context) -> float:
    """A random integer from `minimum` to `maximum`, both included; without them a float from 0 up to 1."""
    if minimum is None and maximum is None:
        return (int.from_bytes(context.entropy(7)) >> 3) / 2**53
    if minimum is None or maximum is None:
        raise ArgumentFault("minimum" if minimum is None else "maximum", "is missing: give both or neither")
    if minimum > maximum:
        raise ArgumentFault("maximum", f"is at least the minimum ({shown(minimum)}), not {shown(maximum)}")
    span = maximum - minimum + 1
    # Sixteen bytes more than the span has make the remainder's bias smaller than 2 ** -120.
    return minimum + int.from_bytes(context.entropy(span.bit_length() // 8 + 17)) % span
