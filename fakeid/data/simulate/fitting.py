"""Fit generators to photos by a short training each, on all cores, and keep them below `paths.cache`."""

import hashlib
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import islice
from pathlib import Path
from pickle import UnpicklingError
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from fakeid.config.constants import RANDOM_FAMILIES
from fakeid.data.simulate.autoencoders import Autoencoder, draw_autoencoder
from fakeid.data.simulate.pairs import Decoder, Levels
from fakeid.data.simulate.random_decoder import RandomDecoder
from fakeid.errors import DamagedFileError
from fakeid.io import clear_output_errors, lock_folder, remove_parts, write_atomically
from fakeid.processes import count_cores, run_in_workers
from fakeid.seeding import derive_seed

_VERSION: Final = 4  # raise it whenever the same photos give different members
_WINDOW_PX: Final = 64
_BATCH: Final = 8
_LEARNING_RATE: Final = 4e-3
_BETAS: Final = (0.5, 0.99)
_DETAIL_WEIGHTS: Final = (1.0, 2.0, 4.0)  # of members 0, 1 and 2, and so on
_DETAIL_PX: Final = 8  # side of the cells in which detail is measured
_LEAST_POWER: Final = 1e-5  # of the detail of images in [-1, 1]
_SMALLEST_SCALE: Final = 0.5
_LARGEST_PX: Final = 512  # shorter side of the photos that members are fitted to
_TIMED_PHOTOS: Final = 4
_TIMED_STEPS: Final = 2
_WORKER_BYTES: Final = 900_000_000  # of a process that fits, torch included, photos excluded
_COLOR_WINDOWS: Final = 20  # number of windows that the colors of a random decoder are fitted to

_LESS_MEMORY: Final = "let fewer cores fit generators (taskset -c 0,1 python ...)"


class Photos(Hashable, Protocol):
    """A reader of photos. It is picklable: worker processes get a copy."""

    def read_usable(self, keys: Sequence[str]) -> Iterable[npt.NDArray[np.uint8]]:
        """Read photos as RGB uint8 (H, W, 3), skipping those that cannot be used."""
        ...

    def hash_files(self, keys: Sequence[str]) -> str:
        """Hash the properties that identify the files."""
        ...


@dataclass(frozen=True)
class Member:
    """One generator of a family; its number determines architecture, initial weights and training."""

    family: str
    number: int

    def __str__(self) -> str:
        """Return the name of the member's file."""
        return f"{self.family}-{self.number}"


@dataclass(frozen=True)
class GeneratorBank:
    """The generators of a run, each fitted once to the same photos and kept in its own file.

    Attributes:
        root: Folder that holds the banks, `paths.cache`.
        photos: Reader of the photos.
        keys: Keys of the photos to fit to; none belongs to validation or test.
        steps: Training steps of each member.
        seed: Seed of the bank; each seed gives another bank.
    """

    root: str
    photos: Photos
    keys: tuple[str, ...]
    steps: int
    seed: int

    def describe(self) -> dict[str, object]:
        """Identify the members by everything that determines them."""
        photos = self.photos.hash_files(self.keys)
        return {"version": _VERSION, "photos": photos, "steps": self.steps, "seed": self.seed}

    @cached_property
    def folder(self) -> Path:
        """The folder of the bank's files; cached, because it is needed for every image."""
        return Path(self.root) / f"generators-{hashlib.sha256(repr(self.describe()).encode()).hexdigest()[:8]}"

    def list_missing(self, members: Sequence[Member]) -> list[Member]:
        """List the members that are not fitted yet."""
        return [member for member in members if not self.locate(member).exists()]

    def locate(self, member: Member) -> Path:
        """Return the path of a member's file."""
        return self.folder / f"{member}.pt"

    def fit(
        self,
        members: Sequence[Member],
        *,
        on_start: Callable[[int, float, int], None] = lambda *_: None,
        on_progress: Callable[[], None] = lambda: None,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        """Fit the missing members; files are written whole, so a killed process loses only those it was fitting.

        Args:
            members: All members that are needed.
            on_start: Called with the number of members to fit, the estimated seconds and the estimated bytes of memory,
                if any are missing.
            on_progress: Called after each member.
            on_wait: Called if another process is fitting.

        Raises:
            DataError: No photo can be used.
            OutputError: The folder cannot be written to.
            WorkerError: The system ended a worker.
        """
        with clear_output_errors(Path(self.root), "paths.cache"):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self.list_missing(members):
                return
            with lock_folder(self.folder, on_wait=on_wait):
                missing = self.list_missing(members)
                remove_parts(self.folder)
                if not missing:  # another process has fitted them all in the meantime
                    return
                on_start(len(missing), *self._estimate(missing))
                jobs = [(self, member) for member in missing]
                for _ in run_in_workers(_fit_and_keep, jobs, task="fits generators", way_out=_LESS_MEMORY):
                    on_progress()

    def _estimate(self, members: Sequence[Member]) -> tuple[float, int]:
        """Estimate seconds and bytes by a few steps of each member on a few photos, on one core like the workers."""
        with _one_thread():
            photos = [_shrink(photo) for photo in islice(self.photos.read_usable(self.keys), _TIMED_PHOTOS)]
            trained = [member for member in members if member.family not in RANDOM_FAMILIES]
            start = time.perf_counter()
            for member in trained:
                fit_member(photos, member, steps=_TIMED_STEPS, seed=self.seed)
        each_step = (time.perf_counter() - start) / _TIMED_STEPS
        workers = min(count_cores(), len(members))
        held = len(self.keys) * sum(photo.nbytes for photo in photos) // len(photos)
        return each_step * self.steps / workers, workers * (_WORKER_BYTES + held)

    def load(self, member: Member) -> Decoder:
        """Load a fitted member.

        Raises:
            DamagedFileError: Its file is missing or damaged.
        """
        return _load(self.locate(member), member, self.seed)


def _fit_and_keep(bank: GeneratorBank, member: Member) -> None:
    model: Autoencoder | RandomDecoder
    with _one_thread():
        photos = _load_photos(bank.photos, bank.keys)
        if member.family in RANDOM_FAMILIES:
            model = _fit_random_decoder(photos, member, bank.seed)
        else:
            model = fit_member(photos, member, steps=bank.steps, seed=bank.seed)
    write_atomically(bank.locate(member), lambda file: torch.save(model.state_dict(), file))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: each core fits one member, and sums do not depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)  # outside of a worker, a training follows


@lru_cache(maxsize=1)
def _load_photos(photos: Photos, keys: tuple[str, ...]) -> list[npt.NDArray[np.uint8]]:
    return [_shrink(photo) for photo in photos.read_usable(keys)]


def _shrink(photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Reduce a large photo, because each process that fits holds all photos in memory."""
    factor = _LARGEST_PX / min(photo.shape[:2])
    if factor >= 1:
        return photo
    width, height = (round(factor * length) for length in photo.shape[1::-1])
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def fit_member(photos: Sequence[npt.NDArray[np.uint8]], member: Member, *, steps: int, seed: int) -> Autoencoder:
    """Train an autoencoder to reconstruct windows of photos.

    The loss is the mean absolute error of the pixels plus a weighted error of the local amount of detail. An
    autoencoder smooths what it cannot predict, while a GAN invents detail, and this detail carries the decoder's trace.

    Args:
        photos: RGB uint8 (H, W, 3), each at least 64 px a side.
        member: The family and number of the generator.
        steps: Steps of Adam, each on 8 windows of 64 px.
        seed: Seed of the bank.

    Returns:
        The trained autoencoder, in evaluation mode.
    """
    model = _draw_autoencoder(member, seed)
    rng = np.random.default_rng(derive_seed(seed, "windows", member))
    optimizer = torch.optim.Adam(model.parameters(), _LEARNING_RATE, betas=_BETAS)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "fit", member))
        weight = _DETAIL_WEIGHTS[member.number % len(_DETAIL_WEIGHTS)]
        for _ in range(steps):
            windows = _draw_windows(photos, rng)
            decoded = model(windows)
            loss = F.l1_loss(decoded, windows) + weight * F.l1_loss(_measure_detail(decoded), _measure_detail(windows))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return model.eval()


def _measure_detail(images: Tensor) -> Tensor:
    """Measure the root mean square of what a 3 x 3 blur removes, (N, 3, H, W) → (N, 3, H / 8, W / 8).

    The measure does not fix where the detail lies within a cell, so it may repeat with the period of a decoder.
    """
    taps = torch.tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(taps, taps).expand(3, 1, 3, 3)
    detail = images - F.conv2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)
    return torch.sqrt(F.avg_pool2d(detail.square(), _DETAIL_PX) + _LEAST_POWER)


def _draw_random_decoder(member: Member, seed: int) -> RandomDecoder:
    return RandomDecoder(member.family.removeprefix("random_"), seed=derive_seed(seed, member))


def _draw_autoencoder(member: Member, seed: int) -> Autoencoder:
    return draw_autoencoder(member.family, derive_seed(seed, member))


def _fit_random_decoder(photos: Sequence[npt.NDArray[np.uint8]], member: Member, seed: int) -> RandomDecoder:
    rng = np.random.default_rng(derive_seed(seed, "windows", member))
    windows = [_draw_window(photos[int(rng.integers(len(photos)))], rng) for _ in range(_COLOR_WINDOWS)]
    return _draw_random_decoder(member, seed).fit(np.stack(windows))


def _draw_windows(photos: Sequence[npt.NDArray[np.uint8]], rng: np.random.Generator) -> Tensor:
    """Cut windows out of photos at random sizes and places: (N, 3, 64, 64) in [-1, 1]."""
    windows = np.stack([_draw_window(photos[int(rng.integers(len(photos)))], rng) for _ in range(_BATCH)])
    return torch.from_numpy(windows).permute(0, 3, 1, 2).float() / 127.5 - 1


def _draw_window(photo: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    height, width = photo.shape[:2]
    scale = max(rng.uniform(_SMALLEST_SCALE, 1), (_WINDOW_PX + 1) / min(height, width))
    side = min(round(_WINDOW_PX / scale), height, width)
    top, left = (int(rng.integers(spare, endpoint=True)) for spare in (height - side, width - side))
    window = photo[top : top + side, left : left + side]
    return np.asarray(cv2.resize(window, (_WINDOW_PX, _WINDOW_PX), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=64)
def _load(path: Path, member: Member, seed: int) -> Decoder:
    draw = _draw_random_decoder if member.family in RANDOM_FAMILIES else _draw_autoencoder
    model = draw(member, seed)
    try:
        model.load_state_dict(torch.load(path, weights_only=True))
    except (OSError, EOFError, RuntimeError, ValueError, UnpicklingError) as error:
        found = "damaged" if path.exists() else "missing"
        raise DamagedFileError(
            f"the generator {path} is {found}: delete {path.parent}, and the same command fits it again"
        ) from error
    if isinstance(model, RandomDecoder):
        return partial(_decode_at_random, model)
    return partial(_decode, model.eval())


def _decode_at_random(model: RandomDecoder, levels: Levels, _: int) -> Levels:
    return np.asarray(model.decode(levels[None])[0] + np.float32(128), np.float32)


def _decode(model: Autoencoder, levels: Levels, noise_seed: int) -> Levels:
    height, width = levels.shape[:2]
    multiple = 2**model.levels
    bottom, right = -height % multiple, -width % multiple
    image = torch.from_numpy(levels).permute(2, 0, 1)[None] / 127.5 - 1  # (1, 3, H, W)
    image = F.pad(image, (0, right, 0, bottom), mode="replicate")
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(noise_seed)
        decoded = model(image)[0, :, :height, :width]
    return np.ascontiguousarray(decoded.permute(1, 2, 0).numpy() * np.float32(127.5) + np.float32(127.5))
