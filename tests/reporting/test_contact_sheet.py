import cv2
import numpy as np
import pytest

from fakeid.evaluation.failures import find_mistakes
from fakeid.evaluation.scores import build_scores
from fakeid.reporting.contact_sheet import plot_mistakes, plot_samples


def draw_images(num: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num, height, width, 3), dtype=np.uint8)


def find_tile(sheet: np.ndarray, tile: np.ndarray) -> tuple[int, int]:
    """Return the exact position (x, y) of a tile in the sheet."""
    difference = cv2.matchTemplate(sheet, tile, cv2.TM_SQDIFF)
    _, _, (x, y), _ = cv2.minMaxLoc(difference)
    np.testing.assert_array_equal(sheet[y : y + tile.shape[0], x : x + tile.shape[1]], tile)
    return x, y


def save_sheet(images, tmp_path, held_out=()) -> np.ndarray:
    plot_samples(images, held_out).savefig(tmp_path / "sheet.png")
    return cv2.cvtColor(cv2.imread(str(tmp_path / "sheet.png")), cv2.COLOR_BGR2RGB)


def test_every_pixel_of_an_image_is_a_pixel_of_the_file(tmp_path):
    images = {name: (draw_images(2, 64, 64, i), draw_images(3, 64, 64, 9 + i)) for i, name in enumerate(["cat", "bus"])}
    sheet = save_sheet(images, tmp_path)
    places = {name: [[find_tile(sheet, tile) for tile in side] for side in pair] for name, pair in images.items()}
    # Reals are left of fakes, categories are stacked, columns are aligned.
    for reals, fakes in places.values():
        assert [x for x, _ in (*reals, *fakes)] == sorted(x for x, _ in (*reals, *fakes))
        assert len({y for _, y in (*reals, *fakes)}) == 1
    assert places["cat"][0][0][1] < places["bus"][0][0][1]
    assert [x for x, _ in places["cat"][1]] == [x for x, _ in places["bus"][1]]


def test_small_images_are_repeated_without_smoothing(tmp_path):
    images = draw_images(2, 32, 24)
    sheet = save_sheet({"cat": (images[:1], images[1:])}, tmp_path)
    for image in images:
        find_tile(sheet, cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize(("size", "factor"), [(128, 1), (256, 2), (300, 3)])
def test_large_images_are_averaged(size, factor):
    images = draw_images(2, size, size)
    figure = plot_samples({"cat": (images[:1], images[1:])}, ())
    shown = np.asarray(figure.axes[0].images[0].get_array())
    expected = cv2.resize(images[0], None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    # The two round halves differently.
    distance = cv2.matchTemplate(shown, expected, cv2.TM_SQDIFF).min()
    assert distance <= expected.size


def test_labels_name_categories_and_mark_those_held_out():
    images = draw_images(1, 64, 64)
    figure = plot_samples({"cat": (images, images), "sheep": (images, images)}, {"sheep"})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["real", "fake", "cat", "sheep\nheld out"]
    colors = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colors["cat"] != colors["sheep\nheld out"]


def test_a_name_is_no_formula(tmp_path):
    images = draw_images(1, 64, 64)
    save_sheet({"$_^$": (images, images)}, tmp_path, held_out=["$_^$"])


@pytest.mark.parametrize("size", [64, 256])
def test_labels_fit_beside_the_images(size):
    images = draw_images(1, size, size)
    figure = plot_samples({"WWW_church_outdoor_MMM": (images, images)}, ())
    figure.canvas.draw()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert 0 <= box.y0 < box.y1 <= figure.bbox.height


def test_a_category_may_lack_a_class(tmp_path):
    images = draw_images(2, 64, 64)
    sheet = save_sheet({"cat": (images, images[:0]), "bus": (images[:1], images[1:])}, tmp_path)
    find_tile(sheet, images[0])


def test_mistakes_show_images_with_their_captions(tmp_path):
    scores = build_scores(
        key=["a", "b", "c"], label=[0, 1, 1], category=["cat", "$_", "dog"], generator=["camera", "g" * 80, "h"],
        degradation=["none"] * 3, logit=[2.0, -30.0, -0.5],
    )  # fmt: skip
    alarms, misses = find_mistakes(scores)
    images = draw_images(1, 100, 100), draw_images(2, 100, 100, seed=1)
    figure = plot_mistakes((images[0], alarms), (images[1], misses))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[1] == "cat\ncamera\nP = 0.881"  # 1 / (1 + exp(-2))
    assert texts[3].startswith("$_\ngggg")
    assert texts[3].endswith("…\nP < 0.001")
    assert texts[4] == "dog\nh\nP = 0.378"
    figure.savefig(tmp_path / "sheet.png")
    sheet = cv2.cvtColor(cv2.imread(str(tmp_path / "sheet.png")), cv2.COLOR_BGR2RGB)
    above, *below = (find_tile(sheet, image) for image in (*images[0], *images[1]))
    assert above[1] < below[0][1] == below[1][1]


def test_a_detector_without_mistakes_has_an_empty_sheet():
    nothing = draw_images(0, 16, 16), build_scores(key=[], label=[], category=[], generator=[], logit=[])
    figure = plot_mistakes(nothing, nothing)
    assert [text.get_text() for text in figure.axes[0].texts].count("none") == 2
