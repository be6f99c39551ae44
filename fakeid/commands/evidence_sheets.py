"""Draw a figure for each judged image that shows where its score comes from."""

from pathlib import Path
from typing import Final

from fakeid.errors import BadImageError, ConfigError
from fakeid.inference.images import load_image
from fakeid.inference.prediction import Prediction
from fakeid.inference.predictor import Predictor
from fakeid.io import clear_output_errors, shorten_name, write_atomically
from fakeid.reporting.evidence import LocatedImage, plot_evidence

_MOST_MEGAPIXELS: Final = 1000.0  # judged images have already passed --max-megapixels


class EvidenceSheets:
    """Writer of one evidence figure per image into a folder.

    Args:
        folder: Output folder; created if it does not exist.
        predictor: Predictor that judges the images.
        genuine: Photo that is known to be genuine, shown on every sheet.

    Raises:
        ConfigError: No genuine photo is given, or the detector's evidence cannot be located in an image.
        BadImageError: The genuine photo cannot be used.
        OutputError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, predictor: Predictor, genuine: Path | None) -> None:
        if genuine is None:
            raise ConfigError("--evidence shows a genuine photo for comparison: name one with --genuine FILE")
        self._folder = folder
        self._predictor = predictor
        self._genuine = self._locate(genuine)
        with clear_output_errors(folder, "--evidence"):
            folder.mkdir(parents=True, exist_ok=True)
            self._resolved = folder.resolve()

    def is_own(self, path: Path) -> bool:
        """Tell whether a file lies below the output folder, and is thus a sheet and no image to judge."""
        return path.parent.resolve().is_relative_to(self._resolved)

    def write(self, path: Path, prediction: Prediction, number: int) -> None:
        """Draw the sheet of one image, unless it could not be judged or can no longer be read.

        Args:
            path: Path of the image; that in the prediction may be escaped.
            prediction: Prediction of the image.
            number: Number of the image in this prediction run, which starts the file name.
        """
        if prediction.verdict is None:
            return
        try:
            located = self._locate(path)
        except BadImageError:
            return
        heading = f"{prediction.verdict.value}: P(fake) = {prediction.p_fake:.2f}; {prediction.reason}"
        figure = plot_evidence(located, self._genuine, heading)
        name = shorten_name(f"{number:06}_{path.stem}", 200)
        with clear_output_errors(self._folder, "--evidence"):
            write_atomically(self._folder / f"{name}.png", lambda file: figure.savefig(file, format="png"))

    def _locate(self, path: Path) -> LocatedImage:
        loaded = load_image(path, _MOST_MEGAPIXELS)
        if loaded.rgb_u8 is None:
            raise BadImageError(loaded.error)
        known = path.name.encode("latin-1", "replace").decode("latin-1")  # characters that any font can draw
        name = "".join(each if each.isprintable() else "?" for each in known)
        return LocatedImage(name, loaded.rgb_u8, self._predictor.locate(loaded.rgb_u8))
