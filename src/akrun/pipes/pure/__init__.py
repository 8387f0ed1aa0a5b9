"""Pipes that only compute: they run as plain calls."""
