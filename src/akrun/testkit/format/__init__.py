"""What test files may hold: models, whose docstrings are the documentation of their keys."""
