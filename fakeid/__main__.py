"""Run `python -m fakeid`."""

from fakeid.cli import main

main()
