"""A page for each error code: what it means, an example that is run, and the cure."""

from functools import cache

from aktmpl.error_pages.page import Page, Sample

__all__ = ["Page", "Sample", "pages"]


@cache
def pages() -> dict[str, Page]:
    """All pages by code."""
    from aktmpl.error_pages import checks, data, limits, syntax, warnings  # noqa: PLC0415 - on demand

    return {**syntax.PAGES, **checks.PAGES, **data.PAGES, **limits.PAGES, **warnings.PAGES}
