"""Terminals and log files that do not know every character."""

import codecs
import io
import sys
import unicodedata
from typing import Final

_PLAIN: Final = {
    "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-", "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x", "\N{RIGHTWARDS ARROW}": "->", "\N{MIDDLE DOT}": "*", "\N{BULLET}": "*",
    "\N{DAGGER}": "+", "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
}  # fmt: skip
_HANDLER: Final = "fakeid.plain"


def print_plainly() -> None:
    """Let this process print plain characters in place of those that its standard output and error do not know.

    Otherwise the first of them would end it in an error, as the dash in the table after a training of hours does where
    the language of the terminal is C or Latin-1.
    """
    codecs.register_error(_HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # a test or a notebook has put something else there
        if (codecs.lookup(stream.encoding).name, stream.errors) != ("utf-8", "surrogateescape"):  # which fits all
            stream.reconfigure(errors=_HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    refused = error.object[error.start : error.end]
    return "".join(map(make_plain, refused)), error.end


def make_plain(character: str) -> str:
    """One character in ASCII: the letter without its accent, a likeness, or a question mark."""
    if character in _PLAIN:
        return _PLAIN[character]
    likeness = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return likeness or ("" if unicodedata.combining(character) else "?")
