"""At which size a network sees images in training, and at which in the test."""

from fakeid.config import Config
from fakeid.evaluation.run_summary import Sizes
from fakeid.windows import compute_tested_px, compute_trained_px


def measure_sizes(config: Config, center_px: int | None) -> Sizes | None:
    """Measure the sides in px, as a summary and an evaluation keep them.

    Args:
        config: Of the run.
        center_px: Of the module that is tested; a checkpoint of an earlier release has none and scores whole images.

    Returns:
        None for statistics, which are shares at any size.
    """
    if config.model.is_fitted_at_once:
        return None
    image_px, views = config.data.image_px, config.protocol.views
    return Sizes(
        image_px=image_px,
        trained_px=compute_trained_px(image_px, config.augment.name.value),
        tested_px=compute_tested_px(image_px, views.value, center_px),
        views=views,
    )
