import pytest

from fakeid.reporting.printable import make_printable


def test_bytes_that_are_no_text_can_be_read():
    value = {"caf\udce9": ["ok", ("\ud800", 1, None, 2.5)]}
    assert make_printable(value) == {"caf\\udce9": ["ok", ["\\ud800", 1, None, 2.5]]}


@pytest.mark.parametrize("text", ["ü→ 漢", "", "$x$ \\n"])
def test_text_stays_as_it_is(text):
    assert make_printable(text) == text
