"""Carrying everything from the embedded database over to a cluster."""
