"""Several processes train together: the first does everything else too, the others wait for its call.

They agree through a store, a few values by name: `word`, go or over; `ready`, how many may begin; `failure`.
"""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import Final, TypeVar

import torch
import torch.distributed as dist
from torch.distributed import (  # type: ignore[attr-defined] # torch does not declare what it exports
    PrefixStore,
    Store,
    TCPStore,
    rendezvous,
)

from fakeid import errors
from fakeid.errors import DeviceError, FakeidError
from fakeid.training.world import World
from fakeid.workers import known_start_method

Prepare = Callable[[World], tuple[str, Callable[[], object]]]
"""What another process does: make ready, then return the device, `cuda` or `cpu`, and what to do on it together."""

_LOCAL: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.1
_LAST_WORDS_SECONDS: Final = 5.0  # that a failed process has to say why
_Value = TypeVar("_Value")


class Leader(AbstractContextManager["Leader"]):
    """The first process. Leaving the context without a `training` sends the others home.

    Args:
        world: Of this process.
        prepare: Called in each other process with its own `World`; must be importable there.

    Attributes:
        world: As given.
    """

    def __init__(self, world: World, prepare: Prepare) -> None:
        self.world = world
        self._prepare = prepare
        self._store = _meet(world) if world.meeting else None
        self._called = False

    def __exit__(self, *_: object) -> None:
        if self._store is not None and not self._called:
            self._store.set("word", "over")

    @contextmanager
    def training(self, device: str) -> Iterator[None]:
        """While it runs all processes are one group; started here where nobody else started them.

        Args:
            device: `cuda` or `cpu`.

        Raises:
            FakeidError: Whatever another process found.
            DeviceError: Another process was killed.
        """
        if self.world.size == 1:
            yield
            return
        others: list[BaseProcess] = []
        store = self._store
        try:
            if store is None:
                store = server = TCPStore(_LOCAL, 0, is_master=True, wait_for_workers=False)
                others = _start(self.world, server.port, self._prepare)
            self._called = True
            store.set("word", "go")
            self._await_others(store, others)
            with _process_group(self.world, store, device):
                try:
                    yield
                except BaseException as error:
                    try:
                        _raise_cause(store, others, error)
                    finally:
                        _kill(others)  # before the group ends, which they would report as their failure
                    raise
            for other in others:
                other.join(_LAST_WORDS_SECONDS)
        finally:
            _kill(others)

    def _await_others(self, store: Store, others: Sequence[BaseProcess]) -> None:
        while store.add("ready", 0) < self.world.size - 1:
            if store.check(["failure"]) or any(other.exitcode is not None for other in others):
                error = RuntimeError("a process ended before the training")
                _raise_cause(store, others, error)
                raise error
            time.sleep(_POLL_SECONDS)


def follow(world: World, prepare: Prepare) -> None:
    """What every process but the first does: wait for its word, make ready, take part, and go.

    Args:
        world: Of this process.
        prepare: See `Prepare`.
    """
    store = _meet(world)
    try:
        while not store.check(["word"]):
            time.sleep(_POLL_SECONDS)
        if store.get("word") == b"over":
            return
    except dist.DistError:  # the first process is gone, and has said why
        return
    try:
        device, together = prepare(world)
        store.add("ready", 1)
        with _process_group(world, store, device):
            try:
                together()
            except Exception as error:
                _tell(store, world, error)  # while the group still holds the others
                raise
    except Exception as error:
        _tell(store, world, error)
        raise


def agree(value: _Value) -> _Value:
    """The first process's value, in all of them."""
    if not dist.is_initialized():
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def _meet(world: World) -> Store:
    store: Store = next(rendezvous(world.meeting, world.rank, world.size))[0]
    return store


def _start(world: World, port: int, prepare: Prepare) -> list[BaseProcess]:
    context = multiprocessing.get_context("spawn")
    others: list[BaseProcess] = []
    for rank in range(1, world.size):
        other = replace(world, rank=rank, local_rank=rank, meeting=f"tcp://{_LOCAL}:{port}")
        others.append(context.Process(target=_run, args=(other, prepare)))
    # Ctrl-C reaches all processes of a terminal; only the first decides what becomes of it.
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None
    try:
        with known_start_method():
            for process in others:
                process.start()
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before)
    return others


def _run(world: World, prepare: Prepare) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        follow(world, prepare)
    except FakeidError:
        sys.exit(1)  # the first process says it


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _kill(processes: Sequence[BaseProcess]) -> None:
    """They write nothing and hold no lock, so nothing is left half-done."""
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


@contextmanager
def _process_group(world: World, store: Store, device: str) -> Iterator[None]:
    threads = torch.get_num_threads()
    if device == "cuda":
        torch.cuda.set_device(world.choose_device(device))
    elif world.meeting != "env://":  # torchrun has seen to it
        torch.set_num_threads(max(1, threads // world.size))
    dist.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        store=PrefixStore("group", store), rank=world.rank, world_size=world.size,
    )  # fmt: skip
    try:
        yield
    finally:
        dist.destroy_process_group()
        torch.set_num_threads(threads)


def _tell(store: Store, world: World, error: Exception) -> None:
    with suppress(dist.DistError):
        if not store.check(["failure"]):
            store.set("failure", json.dumps([type(error).__name__, str(error), world.rank]))


def _raise_cause(store: Store, others: Sequence[BaseProcess], error: BaseException) -> None:
    """Raise what another process failed of, if one did; what this one then saw was a lost connection."""
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    while isinstance(error, RuntimeError) and time.monotonic() < deadline:
        if store.check(["failure"]):
            name, text, rank = json.loads(store.get("failure"))
            kind = getattr(errors, name, None)
            raise (kind(text) if kind else RuntimeError(f"process {rank} failed: {name}: {text}")) from error
        for rank, other in enumerate(others, start=1):
            if other.exitcode is not None and other.exitcode < 0:
                name = signal.Signals(-other.exitcode).name
                raise DeviceError(
                    f"process {rank} of 0 to {len(others)} was ended by {name}, which mostly means too little memory: "
                    "take fewer with trainer.devices, or a smaller optim.batch_size; the same command continues"
                ) from error
        if not others:
            break
        time.sleep(_POLL_SECONDS)
