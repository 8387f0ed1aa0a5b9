"""`python -m aktmpl`, where the command is not on PATH."""

from aktmpl.cli import main

main(prog_name="aktmpl")
