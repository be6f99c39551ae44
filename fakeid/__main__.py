"""`python -m fakeid`."""

from fakeid.cli import main
from fakeid.plain_text import print_plainly

print_plainly()
main()
