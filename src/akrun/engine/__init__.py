"""Compiling a channel's pipelines and running events through them."""
