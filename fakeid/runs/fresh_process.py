"""A function called in a new process, so that nothing that was done before changes what is measured."""

import signal
import threading
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final, TypeVar

from fakeid.errors import WorkerError

_Result = TypeVar("_Result")

_LAST_SECONDS: Final = 10.0  # to tidy up: torch's compiler has processes of its own


def in_fresh_process(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function in a new process, after the imports of its module; Ctrl-C ends the process without a word.

    Args:
        function: Can be imported there; what it raises is raised here.
        arguments: Can be pickled, as its result can.

    Raises:
        WorkerError: The system ended the process.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments))
    _start_deaf(process)
    sender.close()  # or the end of the process would not be noticed
    try:
        result, failure = receiver.recv()
        process.join(_LAST_SECONDS)
    except EOFError as error:
        raise WorkerError(
            "the system ended a process that measures, most likely because memory ran out: ask for smaller images, or "
            "for fewer at a time"
        ) from error
    finally:
        process.kill()
        process.join()
    if failure is not None:
        raise failure
    answer: _Result = result
    return answer


def _answer(sender: Connection, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    answer: tuple[object, Exception | None]
    try:
        answer = function(*arguments), None
    except Exception as error:
        answer = None, error
    sender.send(answer)


def _start_deaf(process: BaseProcess) -> None:
    """Start it so that it does not hear Ctrl-C, which reaches all processes of a terminal."""
    if threading.current_thread() is not threading.main_thread():
        process.start()
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # new programs inherit that
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
