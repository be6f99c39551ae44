"""Run `python -m fakeid predict`: judge images, and print or write the results."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from fakeid.console import StatusLine, build_progress, make_printable
from fakeid.errors import ConfigError, DataError
from fakeid.inference.images import check_places, list_images, write_path
from fakeid.inference.prediction import Prediction, Verdict
from fakeid.inference.predictor import Predictor, load_usable
from fakeid.inference.results import CsvFile, JsonLinesFile, ResultFile, hash_path, to_json

if TYPE_CHECKING:
    from fakeid.commands.evidence_sheets import EvidenceSheets

_STYLES: Final = {Verdict.REAL: "green", Verdict.FAKE: "red", Verdict.UNSURE: "yellow"}
_INDENT: Final = 8

STANDARD_OUTPUT: Final = "-"
"""File name that stands for standard output in `--json`."""


@dataclass(frozen=True)
class PredictOptions:
    """Options of how images are judged and where the results go.

    Attributes:
        csv: CSV file with one row per image.
        json: JSON Lines file with one line per image, or `STANDARD_OUTPUT`.
        resume: Whether to continue existing files.
        anyway: Whether to accept a detector that was trained on drawings.
        once: Whether to skip the check that calls survive mild changes.
        device: `cpu`, `cuda` or `mps`; None selects the fastest.
        max_tiles: Maximum number of squares scored per image.
        max_megapixels: Size in megapixels above which images are refused.
        evidence: Folder for one evidence figure per image.
        genuine: Photo that is known to be genuine, shown in the figures.
    """

    csv: Path | None = None
    json: str | None = None
    resume: bool = False
    anyway: bool = False
    once: bool = False
    device: str | None = None
    max_tiles: int = 64
    max_megapixels: int = 100
    evidence: Path | None = None
    genuine: Path | None = None


def predict(checkpoint: Path, places: Sequence[str], options: PredictOptions) -> None:
    """Judge images in order, and print or write a row for each.

    Args:
        checkpoint: Folder of a run, its `tested.ckpt`, or an exported `.onnx` file.
        places: Images, folders of images, and patterns.
        options: Options of judging and output.

    Raises:
        FakeidError: An input is missing or unsuitable; raised before any image is scored.
    """
    if options.resume and options.csv is None and options.json in (None, STANDARD_OUTPUT):
        raise ConfigError("--resume continues a file: name it with --csv or --json")
    if options.genuine and not options.evidence:
        raise ConfigError("--genuine belongs to the sheets of --evidence DIR: name their folder too")
    check_places(places)
    predictor = Predictor(
        load_usable(checkpoint, device=options.device, anyway=options.anyway),
        max_tiles=options.max_tiles,
        max_megapixels=options.max_megapixels,
        check_changes=not options.once,
    )
    console = Console(highlight=False, stderr=options.json == STANDARD_OUTPUT)
    sheets = _build_sheets(predictor, options)
    with _open(options, predictor.detector.training.model) as files:
        counts = _judge(predictor, places, files, sheets, console, as_json=options.json == STANDARD_OUTPUT)
    if files or counts.num_images > 1:
        console.print(counts.render(), soft_wrap=True)
    for place in [*(file.path for file in files), *([options.evidence] if options.evidence else [])]:
        console.print(f"written to {place}", soft_wrap=True, markup=False)


def _judge(
    predictor: Predictor, places: Sequence[str], files: Sequence[ResultFile], sheets: "EvidenceSheets | None",
    console: Console, *, as_json: bool,
) -> "_Counts":  # fmt: skip
    # A kill may have come between two writes, and a file may be new: an image is done once every file has its row.
    done = set.intersection(*(file.judged for file in files)) if files else set()
    with StatusLine(console, "counting the images"):
        total = sum(1 for _ in _list_images(places, sheets))
    if not total:
        raise DataError(f"found no images in {', '.join(places)}; name images, folders of images or quoted patterns")
    if done:
        console.print(f"{len(done):,} of {total:,} images are already judged")
    paths, read = tee(
        path for path in _list_images(places, sheets) if not done or hash_path(write_path(path)) not in done
    )
    counts = _Counts()
    predictions = _show_progress(predictor.predict_files(read), total, len(done), console)
    try:
        for path, prediction in zip(paths, predictions, strict=True):
            counts.add(prediction)
            _write(prediction, files, console, as_json=as_json)
            if sheets:
                sheets.write(path, prediction, len(done) + counts.num_images)
    except KeyboardInterrupt:
        raise _stop(len(done) + counts.num_images, total, files) from None
    return counts


def _list_images(places: Sequence[str], sheets: "EvidenceSheets | None") -> Iterator[Path]:
    """List the images to judge, without the evidence sheets of this or an earlier call."""
    return (path for path in list_images(places) if not (sheets and sheets.is_own(path)))


def _build_sheets(predictor: Predictor, options: PredictOptions) -> "EvidenceSheets | None":
    if options.evidence is None:
        return None
    from fakeid.commands.evidence_sheets import EvidenceSheets  # noqa: PLC0415 - only this needs matplotlib

    return EvidenceSheets(options.evidence, predictor, options.genuine)


def _write(prediction: Prediction, files: Sequence[ResultFile], console: Console, *, as_json: bool) -> None:
    for file in files:
        file.write(prediction)
        file.flush()
    if as_json:
        print(to_json(prediction), end="", flush=True)
    elif not files:
        print_prediction(prediction, console)


def _stop(count: int, total: int, files: Sequence[ResultFile]) -> SystemExit:
    way_out = f"; --resume continues {' and '.join(str(file.path) for file in files)}" if files else ""
    print(f"fakeid: stopped after {count:,} of {total:,} images{way_out}", file=sys.stderr)
    return SystemExit(130)


@contextlib.contextmanager
def _open(options: PredictOptions, model: str) -> Iterator[list[ResultFile]]:
    files: list[ResultFile] = []
    try:
        if options.csv is not None:
            files.append(CsvFile(options.csv, model, resume=options.resume))
        if options.json not in (None, STANDARD_OUTPUT):
            files.append(JsonLinesFile(Path(str(options.json)), model, resume=options.resume))
        yield files
    finally:
        for file in files:
            file.close()


def _show_progress(predictions: Iterable[Prediction], total: int, done: int, console: Console) -> Iterator[Prediction]:
    with build_progress(console) as progress:
        task = progress.add_task("judging", total=total, completed=done, unit="images")
        for prediction in predictions:
            yield prediction
            progress.advance(task)


def print_prediction(prediction: Prediction, console: Console) -> None:
    """Print the verdict, the score and reason, and the caveats; in a terminal, lines wrap at words."""
    word = prediction.verdict.value if prediction.verdict else "error"
    style = f"bold {_STYLES[prediction.verdict]}" if prediction.verdict else "bold"
    console.print(Text.assemble((word.ljust(_INDENT), style), make_printable(prediction.path)), soft_wrap=True)
    told = prediction.error or f"P(fake) = {prediction.p_fake:.2f}; {prediction.reason}"
    for line in map(make_printable, (told, *(f"but: {each.text}" for each in prediction.caveats))):
        if console.is_terminal:
            console.print(Padding(Text(line), (0, 0, 0, _INDENT), expand=False))
        else:
            console.print(Text(" " * _INDENT + line), soft_wrap=True)


class _Counts:
    """Counts of the verdicts, and of the images with caveats."""

    def __init__(self) -> None:
        self.num_images = 0
        self._verdicts: Counter[Verdict | None] = Counter()
        self._kinds: Counter[str] = Counter()

    def add(self, prediction: Prediction) -> None:
        """Count one prediction."""
        self.num_images += 1
        self._verdicts[prediction.verdict] += 1
        self._kinds.update({each.kind for each in prediction.caveats})

    def render(self) -> str:
        """Render the counts as at most two lines."""
        words = [f"{self._verdicts[each]:,} {each.value}" for each in Verdict]
        errors = [f"{self._verdicts[None]:,} could not be judged"] if self._verdicts[None] else []
        foreign = [f"{count:,} in {kind}" for kind, count in self._kinds.most_common()]
        told = f"\nunlike the training images: {', '.join(foreign)}; see the caveats" if foreign else ""
        return f"{', '.join([*words, *errors])}{told}"
