"""A small SMS gateway to try channels against, and the check that `make demo` runs."""
