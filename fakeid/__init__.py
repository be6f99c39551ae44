"""Train and judge detectors of GAN-generated images on content and generators that they have never seen."""

from typing import Final

__version__: Final = "0.1.0"
