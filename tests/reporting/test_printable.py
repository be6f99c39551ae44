import pytest

from fakeid.reporting.printable import make_printable, shorten


def test_bytes_that_are_no_text_can_be_read():
    value = {"caf\udce9": ["ok", ("\ud800", 1, None, 2.5)]}
    assert make_printable(value) == {"caf\\udce9": ["ok", ["\\ud800", 1, None, 2.5]]}


@pytest.mark.parametrize("text", ["ü→ 漢", "", "$x$ \\n"])
def test_text_stays_as_it_is(text):
    assert make_printable(text) == text


def test_what_is_too_wide_is_cut():
    assert shorten("short", 100, 14) == "short"
    cut = shorten("a very long name of a generator", 100, 14)
    assert cut.endswith("…")
    assert "a very long name of a generator".startswith(cut[:-1].rstrip())
    assert 8 < len(cut) < 16
    assert len(shorten("wide" * 9, 1, 14)) <= 2
