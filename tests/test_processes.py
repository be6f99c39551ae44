"""Settings for child processes are restored afterwards."""

import os
from contextlib import suppress

import pytest

from fakeid.processes import environment_variable
from fakeid.terminal import command_line_errors

NAME = "FAKEID_TEST_VARIABLE"


@pytest.mark.parametrize("before", [None, "", "before"])
def test_a_variable_is_set_for_a_while_also_where_that_fails(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if before is not None:
        monkeypatch.setenv(NAME, before)
    with suppress(ValueError), environment_variable(NAME, "now"):
        assert os.environ[NAME] == "now"
        raise ValueError
    assert os.environ.get(NAME) == before


def test_a_command_leaves_no_wish_for_tracebacks_to_later_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    with command_line_errors():
        assert os.environ["HYDRA_FULL_ERROR"] == "1"
    assert "HYDRA_FULL_ERROR" not in os.environ
