"""The trace of a message or job as one HTML page that needs nothing else."""

from akrun.trace_page.page import Picture, trace_page

__all__ = ["Picture", "trace_page"]
