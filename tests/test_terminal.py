"""Messages when the system is out of memory, and errors that remain tracebacks."""

import errno
import os
import resource
import sys

import pytest

from fakeid.terminal import command_line_errors, user_errors

MAPPING = "libtorch_cpu.so: failed to map segment from shared object"


@pytest.mark.parametrize(
    "error",
    [
        ImportError(MAPPING),
        ImportError(f"{MAPPING}: Cannot allocate memory"),
        OSError(f"{MAPPING}: Cannot allocate memory"),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        MemoryError(),
        RuntimeError("can't start new thread"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 15.77 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("errors", [user_errors, command_line_errors])
def test_no_memory_is_told_in_a_line(
    error: Exception, errors: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit, told in (
        (1_500_000_000, "memory ran out: a process may use 1.5 GB here; raise the limit with ulimit -v"),
        (resource.RLIM_INFINITY, "close other programs"),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, resource.RLIM_INFINITY))
        assert callable(errors)
        with pytest.raises(SystemExit) as exit_info, errors():
            raise error
        assert exit_info.value.code == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("fakeid: ")
        assert told in line


@pytest.mark.parametrize(
    "error",
    [
        ImportError("No module named 'torhc'"),
        ImportError(f"{MAPPING}: Operation not permitted"),
        ImportError("libgomp.so.1: cannot allocate memory in static TLS block"),
        OSError(errno.EINTR, "Interrupted"),
        RuntimeError("shape mismatch"),
    ],
    ids=repr,
)
def test_other_errors_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, user_errors():
        raise error
    assert raised.value is error


@pytest.mark.parametrize(
    ("words", "told"), [([], "command continues"), (["force=true"], "without force=true continues")]
)
def test_ctrl_c_says_which_command_continues(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    with pytest.raises(SystemExit) as exit_info, command_line_errors():
        raise KeyboardInterrupt
    assert exit_info.value.code == 130
    assert capsys.readouterr().err.strip().endswith(told)
