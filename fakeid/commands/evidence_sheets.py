"""Draw for each judged image where its score comes from."""

from pathlib import Path
from typing import Final

from fakeid.errors import BadImageError, ConfigError
from fakeid.inference.images import load_image
from fakeid.inference.prediction import Prediction
from fakeid.inference.predictor import Predictor
from fakeid.io import clear_output_errors, shorten_name, write_atomically
from fakeid.reporting.evidence import LocatedImage, plot_evidence

_MOST_MEGAPIXELS: Final = 1000.0  # what was judged has passed the limit that was asked for


class EvidenceSheets:
    """Writes a picture for each image into a folder.

    Args:
        folder: Where to.
        predictor: Judged the images.
        genuine: A photo that is known to be genuine, drawn on every sheet.

    Raises:
        ConfigError: The detector's evidence has no places.
        BadImageError: The genuine photo cannot be used.
        OutputError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, predictor: Predictor, genuine: Path | None) -> None:
        if genuine is None:
            raise ConfigError("--evidence shows a photo beside, for comparison: name a genuine one with --genuine FILE")
        self._folder = folder
        self._predictor = predictor
        self._genuine = self._locate(genuine)
        with clear_output_errors(folder, "--evidence"):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, prediction: Prediction, number: int) -> None:
        """Draw the sheet of the image of this number; none where it could not be judged, or has vanished since."""
        if prediction.verdict is None:
            return
        path = Path(prediction.path)
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
        known = path.name.encode("latin-1", "replace").decode("latin-1")  # what any font can draw
        name = "".join(each if each.isprintable() else "?" for each in known)
        return LocatedImage(name, loaded.rgb_u8, self._predictor.locate(loaded.rgb_u8))
