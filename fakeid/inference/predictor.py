"""Judge one image, a folder or a million images, in order and with bounded memory."""

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from fakeid.errors import BadImageError, CheckpointError, ConfigError, DataError
from fakeid.images.codecs import jpeg
from fakeid.images.resize import prepare_image
from fakeid.inference.caveats import list_caveats
from fakeid.inference.detector import TrainedDetector, load_detector
from fakeid.inference.images import LoadedImage, check_places, list_images, load_image
from fakeid.inference.prediction import Decision, Prediction, Verdict
from fakeid.inference.tiles import cut_tiles, place_tiles

Image = npt.NDArray[np.uint8]
Image2D = npt.NDArray[np.float64]
AnyImage: TypeAlias = "str | os.PathLike[str] | Image | PIL.Image.Image"

_CROP: Final = "crop"
_SHIFT_PX: Final = (3, 5)  # odd, to misalign JPEG blocks and the grid of up-sampling by two
_CHANGES: Final[dict[str, Callable[[Image], Image]]] = {
    "JPEG 90": lambda rgb_u8: jpeg(rgb_u8, 90),
    "scaling by 0.9": lambda rgb_u8: np.asarray(
        cv2.resize(rgb_u8, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA), np.uint8
    ),
    "a shifted crop": lambda rgb_u8: rgb_u8[_SHIFT_PX[0] :, _SHIFT_PX[1] :],
}
"""The mild changes that should not alter a call."""

_CHUNK_PX: Final = 16_000_000  # pixels scored together; a single image may have more
_CHUNK_IMAGES: Final = 32
_READERS: Final = 4

_Item = TypeVar("_Item")
_Read = TypeVar("_Read")


def load_usable(checkpoint: str | os.PathLike[str], *, device: str | None, anyway: bool) -> TrainedDetector:
    """Load a trained detector, but refuse one that has never seen a photo unless `anyway` is set; see `fakeid.load`."""
    detector = load_detector(Path(checkpoint), device)
    if detector.training.is_on_drawings and not anyway:
        raise CheckpointError(
            f"{checkpoint} was trained on drawings (data=demo) and has never seen a photo: train with data=simulated "
            "on your own photos, or use it nevertheless with --anyway (in Python anyway=True)"
        )
    return detector


class Predictor:
    """Judges images with a trained detector.

    Args:
        detector: Trained detector.
        max_tiles: Largest number of squares of an image to score.
        max_megapixels: Largest size of an image, in megapixels; larger images are refused.
        check_changes: Whether a call that flips under a mild change is unsure; each image is then scored four times.
        batch_size: Number of squares scored at once.

    """

    def __init__(
        self,
        detector: TrainedDetector,
        *,
        max_tiles: int = 64,
        max_megapixels: float = 100.0,
        check_changes: bool = True,
        batch_size: int = 16,
    ) -> None:
        self.detector = detector
        self.decision = Decision(detector.training.calibration)
        self._max_tiles = max_tiles
        self._max_megapixels = max_megapixels
        self._check_changes = check_changes
        self._batch_size = batch_size

    def predict(self, image: AnyImage) -> Prediction:
        """Judge one image.

        Args:
            image: Path of a PNG, JPEG, WebP, BMP or TIFF file; uint8 pixels, RGB (H, W, 3) or gray (H, W); or a Pillow
                image.

        Raises:
            BadImageError: The image cannot be used.

        Examples:
            >>> import fakeid, PIL.Image
            >>> detector = fakeid.load("runs/my_run")
            >>> by_path = detector.predict("photo.png")
            >>> by_pixels = detector.predict(np.asarray(PIL.Image.open("photo.png")))
            >>> by_path.p_fake == by_pixels.p_fake == detector.predict(PIL.Image.open("photo.png")).p_fake
            True
        """
        if isinstance(image, str | os.PathLike):
            loaded = load_image(Path(image), self._max_megapixels)
        else:
            loaded = LoadedImage("", _to_rgb(image))
        prediction = self._judge([loaded])[0]
        if prediction.error:
            raise BadImageError(prediction.error)
        return prediction

    def predict_folder(self, folder: str | os.PathLike[str]) -> Iterator[Prediction]:
        """Judge all images below a folder lazily, one after another.

        Yields:
            Predictions in the order of paths; a file that cannot be used gives a prediction with an error.

        Raises:
            DataError: The folder does not exist.

        Examples:
            >>> import fakeid
            >>> detector = fakeid.load("runs/my_run")
            >>> for prediction in detector.predict_folder("photos"):
            ...     print(prediction.path, prediction.error or prediction.verdict.value)
            photos/a.png real
            photos/broken.jpg broken.jpg is not a PNG, JPEG, WebP, BMP or TIFF image
        """
        place = os.fspath(folder)
        check_places([place])
        return self.predict_files(list_images([place]))

    def predict_files(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        """Judge files one after another, reading a few ahead.

        Yields:
            Predictions in the order of the files; a file that cannot be used gives a prediction with an error.
        """
        loaded = _read_ahead(lambda path: load_image(path, self._max_megapixels), paths)
        for chunk in _cut_chunks(loaded):
            yield from self._judge(chunk)

    def locate(self, rgb_u8: Image) -> Image2D:
        """Show where the score of an image comes from.

        Args:
            rgb_u8: Image, RGB uint8 (H, W, 3).

        Returns:
            Evidence for each pixel on the scale of the calibrated logit, float64 (H, W), or (S, S) for a detector that
            resizes images. Its logistic function is what P(fake) would be if the whole image were like this position.
            The mean over the squares of an image is its score; where squares overlap, their evidence is averaged.

        Raises:
            ConfigError: The detector is exported, or it does not end in a mean over positions.
        """
        if self.detector.locate is None:
            raise ConfigError("an exported detector has no evidence maps: --evidence needs the checkpoint")
        training = self.detector.training
        if training.prep != _CROP:
            rgb_u8 = prepare_image(rgb_u8, training.image_px, training.prep)
        height, width = rgb_u8.shape[:2]
        total, count = np.zeros((height, width)), np.zeros((height, width))
        for place in place_tiles(height, width, training.image_px, self._max_tiles):
            [found] = self.detector.locate(np.ascontiguousarray(rgb_u8[place])[None])
            rows, columns = total[place].shape
            total[place] += cv2.resize(found, (columns, rows), interpolation=cv2.INTER_NEAREST)
            count[place] += 1
        evidence = total / np.maximum(count, 1)
        evidence[count == 0] = np.nan
        return training.calibration.apply(evidence) if training.calibration else evidence

    def _judge(self, images: Sequence[LoadedImage]) -> list[Prediction]:
        """Judge several images together, because a network is faster on batches."""
        pixels = {place: each.rgb_u8 for place, each in enumerate(images) if each.rgb_u8 is not None}
        scored = dict(zip(pixels, self._score(list(pixels.values())), strict=True))
        flips = self._list_flips({
            place: pixels[place] for place, logit in scored.items()
            if self._check_changes and isinstance(logit, float) and not self.decision.is_between(logit)
        }, scored)  # fmt: skip
        return [
            self._conclude(each, scored.get(place, each.error), flips.get(place, []))
            for place, each in enumerate(images)
        ]

    def _list_flips(self, images: dict[int, Image], scored: dict[int, float | str]) -> dict[int, list[str]]:
        """List for each image the mild changes that flip its call."""
        flips: dict[int, list[str]] = defaultdict(list)
        for name, change in _CHANGES.items():
            changed = {}
            for place, rgb_u8 in images.items():
                with suppress(BadImageError):  # larger than a JPEG can be
                    changed[place] = change(rgb_u8)
            for place, logit in zip(changed, self._score(list(changed.values())), strict=True):
                before = scored[place]
                assert isinstance(before, float)
                if isinstance(logit, float) and self.decision.call(logit) is not self.decision.call(before):
                    flips[place].append(name)
        return flips

    def _conclude(self, image: LoadedImage, score: float | str, flips: list[str]) -> Prediction:
        """Turn a score, or the reason for a missing one, into a prediction."""
        training, decision = self.detector.training, self.decision
        known = training.calibration
        if isinstance(score, str):
            return Prediction(image.path, training.model, error=score)
        assert image.rgb_u8 is not None
        call = decision.call(score)
        verdict, reason = call, decision.explain(call)
        if decision.is_between(score):
            verdict, reason = Verdict.UNSURE, decision.explain_band()
        elif flips:
            other = Verdict.REAL if call is Verdict.FAKE else Verdict.FAKE
            verdict, reason = Verdict.UNSURE, f"called {call.value}, but {other.value} after {_join(flips)}"
        return Prediction(
            image.path, training.model, verdict, reason, decision.compute_p_fake(score), score, decision.threshold,
            known.measured_rate if known else None, known.false_positive_low if known else None,
            known.false_positive_high if known else None,
            tuple(list_caveats(
                image.rgb_u8, image.facts, image_px=training.image_px, resized=training.prep != _CROP,
                files=training.files,
            )),
            image.rgb_u8.shape[1], image.rgb_u8.shape[0],
        )  # fmt: skip

    def _score(self, images: Sequence[Image]) -> list[float | str]:
        """Score images of any size; the result for an image that the network cannot take is the reason."""
        tiles: dict[tuple[int, ...], list[tuple[int, Image]]] = defaultdict(list)
        errors: dict[int, str] = {}
        for place, rgb_u8 in enumerate(images):
            try:
                for tile in self._cut(rgb_u8):
                    tiles[tile.shape].append((place, tile))
            except BadImageError as error:
                errors[place] = error.problem
        logits: dict[int, list[float]] = defaultdict(list)
        for alike in tiles.values():
            for start in range(0, len(alike), self._batch_size):
                batch = alike[start : start + self._batch_size]
                try:
                    scores = self.detector.score(np.stack([tile for _, tile in batch]))
                except DataError as error:  # too small for the network
                    errors |= {place: str(error) for place, _ in batch}
                    continue
                for (place, _), logit in zip(batch, scores.tolist(), strict=True):
                    logits[place].append(logit)
        return [errors.get(place) or _average(logits[place]) for place in range(len(images))]

    def _cut(self, rgb_u8: Image) -> list[Image]:
        training = self.detector.training
        if training.prep != _CROP:
            return [prepare_image(rgb_u8, training.image_px, training.prep)]
        height, width = rgb_u8.shape[:2]
        if min(height, width) < training.smallest_px:
            raise BadImageError(f"{width} x {height} px is too small to be judged")
        return cut_tiles(rgb_u8, training.image_px, self._max_tiles)


def _average(logits: Sequence[float]) -> float | str:
    mean = float(np.mean(logits))
    return mean if np.isfinite(mean) else "the detector's score is not a number: the weights may be damaged"


def _join(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _to_rgb(image: "Image | PIL.Image.Image") -> Image:
    """Convert pixels to contiguous RGB uint8 (H, W, 3).

    Raises:
        BadImageError: The pixels have another shape or dtype.
    """
    if isinstance(image, PIL.Image.Image):
        image = PIL.ImageOps.exif_transpose(image)
        if image.mode.startswith(("I", "F")):  # Pillow would clip them to 8 bits instead of scaling them
            return _to_rgb(_take_upper_bits(image))
        return np.array(image.convert("RGB"))
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise BadImageError(
            f"expected RGB (H, W, 3) or gray (H, W) uint8 in [0, 255], got {image.dtype} of shape {image.shape}"
        )
    return np.ascontiguousarray(np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image)


def _take_upper_bits(image: PIL.Image.Image) -> Image:
    """Convert 16-bit gray to 8 bits, (H, W), as `decode_image` does.

    Raises:
        BadImageError: The image has 32 bits, whose range is not known.
    """
    if not image.mode.startswith("I;16"):
        raise BadImageError(f"expected 8 or 16 bits, got Pillow's mode {image.mode}: scale it to uint8 [0, 255]")
    return np.asarray(np.asarray(image) >> 8, np.uint8)


def _read_ahead(read: Callable[[_Item], _Read], items: Iterable[_Item]) -> Iterator[_Read]:
    """Read a few items ahead in threads, and yield the results in order."""
    with ThreadPoolExecutor(_READERS) as pool:
        waiting: deque[Future[_Read]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(read, item))
                if len(waiting) > _READERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _cut_chunks(images: Iterable[LoadedImage]) -> Iterator[list[LoadedImage]]:
    chunk: list[LoadedImage] = []
    pixels = 0
    for image in images:
        chunk.append(image)
        pixels += 0 if image.rgb_u8 is None else image.rgb_u8.shape[0] * image.rgb_u8.shape[1]
        if len(chunk) == _CHUNK_IMAGES or pixels >= _CHUNK_PX:
            yield chunk
            chunk, pixels = [], 0
    if chunk:
        yield chunk
