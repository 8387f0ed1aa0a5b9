"""Pipes that wait for something outside."""
