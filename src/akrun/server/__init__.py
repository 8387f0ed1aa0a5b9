"""The HTTP side of a process that serves channels, and what keeps their jobs and mailings going."""
