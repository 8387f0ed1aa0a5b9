"""`python -m akrun.cli`, where the command is not on PATH."""

from akrun.cli import main

main(prog_name="akrun")
