"""The smallest image that a residual takes."""

from torch import Tensor

from fakeid.errors import DataError


def check_size(x: Tensor, least_px: int, what: str) -> None:
    """Refuse images that are too small.

    Args:
        x: (…, H, W).
        least_px: Of height and width.
        what: What needs that size, as the error's subject.

    Raises:
        DataError: If height or width is less.
    """
    if min(x.shape[-2:]) < least_px:
        raise DataError(
            f"{what} needs images of at least {least_px} x {least_px} px, got {x.shape[-2]} x {x.shape[-1]}; "
            "raise data.image_px"
        )
