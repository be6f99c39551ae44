import numpy as np
from matplotlib.figure import Figure

from fakeid.reporting.run.pairs import amplify_difference, plot_pairs


def test_a_difference_is_amplified_about_gray_until_it_nearly_clips() -> None:
    photo = np.full((20, 20, 3), 100, np.uint8)
    copy = photo.copy()
    copy[::2] += 10
    copy[1::2] -= 5
    factor, difference = amplify_difference(photo, copy)
    assert factor == 12
    assert (difference[0, 0, 0], difference[1, 0, 0]) == (248, 68)
    assert amplify_difference(photo, 255 - photo)[0] == 2
    assert np.ptp(amplify_difference(photo, photo)[1]) == 0


def test_each_family_has_a_row_of_five() -> None:
    rng = np.random.default_rng(0)
    pairs = {name: tuple(rng.integers(0, 256, (2, 40, 48, 3), dtype=np.uint8)) for name in ("progan", "dcgan", "zeros")}
    figure = plot_pairs(pairs)  # type: ignore[arg-type]
    assert isinstance(figure, Figure)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert len(titles) == 15
    assert titles[:2] == ["photo", "copy: progan"]
    assert titles[7].startswith("difference times ")
