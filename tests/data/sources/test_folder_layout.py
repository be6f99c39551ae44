"""Trees built from a plan parse back to it; the other cases need a decision by the user."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeid.config.constants import CAMERA, FAKE, LSUN_OBJECTS, LSUN_SCENES, REAL, TEST, TRAIN, VAL
from fakeid.data.sources.folder_layout import Place, class_level, name_category, read_layout
from fakeid.errors import DataError

REPRODUCIBLE = settings(max_examples=100, deadline=None, derandomize=True)
ROOT = Path("/data/photos")
CLASSES = {"0_real": REAL, "real": REAL, "REAL": REAL, "1_fake": FAKE, "Fake": FAKE}
SPLITS = {
    "train": TRAIN,
    "Training": TRAIN,
    "progan_train": TRAIN,
    "VAL": VAL,
    "valid": VAL,
    "validation": VAL,
    "progan_val": VAL,
    "test": TEST,
    "testing": TEST,
    "progan_test": TEST,
}


def tree(*folders: str) -> dict[tuple[str, ...], int]:
    """List a tree with one image in each named folder; a trailing `/` means an empty folder."""
    listing: dict[tuple[str, ...], int] = {(): 0}
    for folder in folders:
        parts = tuple(folder.strip("/").split("/"))
        for depth in range(1, len(parts)):
            listing.setdefault(parts[:depth], 0)
        listing[parts] = 0 if folder.endswith("/") else 1
    return listing


def both(*folders: str) -> dict[tuple[str, ...], int]:
    return tree(*(f"{folder}/{name}" for folder in folders for name in ("0_real", "1_fake")))


def reading(listing: dict[tuple[str, ...], int], root: Path = ROOT) -> dict[str, tuple[str, str, str]]:
    """Map each folder above class folders to its split, generator and category."""
    places = read_layout(root, listing)
    return {"/".join(p[:-1]): (v.split, v.generator, v.category) for p, v in places.items() if v.label == FAKE}


def refusal(listing: dict[tuple[str, ...], int], root: Path = ROOT) -> str:
    with pytest.raises(DataError) as caught:
        read_layout(root, listing)
    assert "\n" not in str(caught.value)
    return str(caught.value)


names = st.text("abcxyzXYZ059_-. ()é", min_size=1, max_size=8).filter(lambda name: name[0] not in ". ")
levels = st.one_of(st.tuples(), st.tuples(names), st.tuples(names, names))


def expected(split: str, above: tuple[str, ...], class_folder: str) -> Place:
    label = CLASSES[class_folder]
    made_by = above[0] if len(above) == 2 else "unknown"
    return Place(label, above[-1] if above else "photos", CAMERA if label == REAL else made_by, split)


@REPRODUCIBLE
@given(st.lists(st.tuples(levels | st.just(("train",)), st.sampled_from([*CLASSES])), min_size=1), st.randoms())
def test_a_tree_without_splits_parses_back(plan: list[tuple[tuple[str, ...], str]], random: Random) -> None:
    wanted = {(*above, name): expected("", above, name) for above, name in plan}
    folders = ["/".join(parts) for parts in wanted]
    random.shuffle(folders)
    assert read_layout(ROOT, tree(*folders)) == wanted


@REPRODUCIBLE
@given(
    st.lists(st.tuples(st.sampled_from([*SPLITS]), levels, st.sampled_from([*CLASSES])), min_size=1),
    st.sampled_from([*SPLITS]),
    st.randoms(),
)
def test_a_tree_with_splits_parses_back(
    plan: list[tuple[str, tuple[str, ...], str]], certain: str, random: Random
) -> None:
    plan = [*plan, (certain, ("cat",), "real")]
    wanted = {(split, *above, name): expected(SPLITS[split], above, name) for split, above, name in plan}
    folders = ["/".join(parts) for parts in wanted]
    random.shuffle(folders)
    assert read_layout(ROOT, tree(*folders)) == wanted


@REPRODUCIBLE
@given(
    st.sets(st.integers(1, 10), min_size=1),
    st.sampled_from(["{}(Add_{})", "{}(add{})", "{}_Add_{}", "{} (Add {})", "{}-ADD-0{}"]),
    st.sets(names.filter(lambda name: "(" not in name and ")" not in name), max_size=4),
    st.sampled_from(["test/{}", "test({})", "Test ( {} )", "Test/{}", "{}", "testing/{}", "any generator/{}"]),
)
def test_the_authors_tree_parses_back(sizes: set[int], mixture: str, categories: set[str], test_set: str) -> None:
    wanted = {}
    for k in sizes:
        wanted[mixture.format("Train", k)] = (TRAIN, "unknown", f"add_{k}")
        wanted[mixture.format("val", k)] = (VAL, "unknown", f"add_{k}")
    made_by = "any generator" if test_set.startswith("any") else "unknown"
    for name in categories:
        category = name if "(" not in test_set else name.strip()
        wanted[test_set.format(name)] = (TEST, made_by, category)
    assert reading(both(*wanted)) == wanted


@pytest.mark.parametrize(
    ("folders", "split"),
    [
        (["train"], None),  # photos of trains, not a split
        (["train", "cat", "bus"], None),
        (["train", "cat", "progan/cow"], None),
        (["progan/train", "progan/test"], None),
        (["test"], None),
        (["train/cat"], TRAIN),
        (["train/train"], TRAIN),
        (["train", "test"], TRAIN),
        (["train", "test/cat"], TRAIN),
        (["train", "train/cat"], TRAIN),
        (["progan_train/cat", "progan_train/train"], TRAIN),
    ],
)
def test_train_is_a_split_or_a_category(folders: list[str], split: str | None) -> None:
    read = reading(both(*folders))
    assert {place[0] for place in read.values()} - {TEST} == {split or ""}
    if split is None:
        assert {folder: place[2] for folder, place in read.items()} == {f: f.rpartition("/")[2] for f in folders}


def test_a_category_train_may_stand_beside_an_empty_folder() -> None:
    assert reading({**both("train", "cat"), ("val",): 0})["train"] == ("", "unknown", "train")


def test_plain_folders_beside_a_mixture() -> None:
    assert reading(both("train(Add_1)", "train", "test"))["train"] == (TEST, "unknown", "train")
    assert reading(both("train(Add_1)", "test"))["test"] == (TEST, "unknown", "photos")
    assert reading(both("train(Add_1)", "val/cat"))["val/cat"] == (VAL, "unknown", "cat")


def test_a_mixture_as_the_root() -> None:
    listing = tree("real", "fake")
    assert reading(listing, Path("/data/Train (Add 3)")) == {"": ("", "unknown", "add_3")}
    assert reading(listing, Path("/data/madd3")) == {"": ("", "unknown", "madd3")}
    assert "train(Add_11) of paths.data" in refusal(listing, Path("/data/train(Add_11)"))


def test_folders_below_a_class_folder_belong_to_it() -> None:
    listing = tree("train/cat/0_real/1_fake/x", "train/cat/1_fake/real", "train/cat/1_fake")
    places = read_layout(ROOT, listing)
    assert {parts: place.label for parts, place in places.items()} == {
        ("train", "cat", "0_real"): REAL,
        ("train", "cat", "1_fake"): FAKE,
    }
    assert class_level(("train", "cat", "0_real", "1_fake")) == 2


def test_no_class_folder_no_place() -> None:
    assert read_layout(ROOT, tree("train/cat", "test/dog")) == {}


@pytest.mark.parametrize(
    ("listing", "start"),
    [
        (both("a/b/c"), "a/b/c/0_real is too deep below paths.data=/data/photos: expected DIR/["),
        (both("train/a/b/c"), "train/a/b/c/0_real is too deep"),
        (both("test(x)/a/b", "train(Add_1)"), "test(x)/a/b/0_real is too deep"),
        (both("train(Add_3)/cat"), "/data/photos/train(Add_3) must hold real and fake directly"),
        (both("train(Add_11)"), "train(Add_11) of paths.data=/data/photos must be one of Add_1 to Add_10"),
        (both("train(Add_0)", "cat"), "train(Add_0) of"),
    ],
)
def test_levels_and_numbers_out_of_range(listing: dict[tuple[str, ...], int], start: str) -> None:
    assert refusal(listing).startswith(start)


@pytest.mark.parametrize(
    ("listing", "empty"),
    [
        ({**both("train/cat"), **tree("test/")}, "test"),
        ({**both("train"), **tree("test/")}, "test"),
        ({**both("train/cat", "test/cat"), **tree("val/notes")}, "val"),
        ({**both("train(Add_1)"), **tree("test(cat)/")}, "test(cat)"),
        ({**both("cat"), **tree("train(Add_1)/")}, "train(Add_1)"),
    ],
)
def test_an_empty_split_is_named(listing: dict[tuple[str, ...], int], empty: str) -> None:
    text = refusal(listing)
    assert text.startswith(f"/data/photos/{empty} holds no class folder with images: remove it, or fill it")


@pytest.mark.parametrize(
    ("listing", "stray"),
    [
        (both("train/cat", "horse"), "horse"),
        (both("train", "test", "notes"), "notes"),
        ({**both("train", "test"), **tree("notes")}, "notes"),
        ({**both("train/cat"), **tree("notes/2020/figures")}, "notes"),
        ({**both("train/cat"), **tree("0_real", "1_fake")}, "0_real"),
        ({**both("train(Add_1)"), **tree("fake")}, "fake"),
        (both("train(Add_1)", "train/cat"), "train"),
        (both("train(Add_1)", "training"), "training"),
    ],
)
def test_what_is_no_split_beside_splits_is_named(listing: dict[tuple[str, ...], int], stray: str) -> None:
    text = refusal(listing)
    assert text.startswith(f"/data/photos/{stray} lies beside ")
    assert text.endswith("move it into one of them, or out of paths.data=/data/photos")


def test_a_folder_without_images_may_stand_beside_splits() -> None:
    assert set(reading({**both("train/cat"), **tree("docs/")})) == {"train/cat"}
    assert set(reading({**both("train(Add_2)"), **tree("docs/")})) == {"train(Add_2)"}


@pytest.mark.parametrize(
    ("file_name", "category"),
    [
        ("cat_0001.png", "cat"),
        ("church_outdoor-12.png", "church_outdoor"),
        ("ChurchOutdoor12.png", "church_outdoor"),
        ("train(Add_3)/real/cat/Church outdoor.png", "church_outdoor"),
        ("cow7", "cow"),
        ("cat", "cat"),
        ("tvmonitor_3.png", "tv-monitor"),
        ("tv_monitor_3.png", "tv-monitor"),
        ("catalog_1.png", None),
        ("cats_1.png", None),
        ("catÉ.png", None),
        ("0001.png", None),
        ("a_cat.png", None),
        ("church_1.png", None),
        ("", None),
    ],
)
def test_the_category_in_a_file_name(file_name: str, category: str | None) -> None:
    assert name_category(file_name, LSUN_SCENES + LSUN_OBJECTS) == category


def test_the_longest_category_wins() -> None:
    assert name_category("train_station_1.png", ["train", "train_station"]) == "train_station"
    assert name_category("train_stationary.png", ["train", "train_station"]) == "train"
    assert name_category("train_1.png", []) is None
    assert name_category("_1.png", ["-", "_"]) is None
    assert name_category("a+b_1.png", iter(["a+b"])) == "a+b"


@REPRODUCIBLE
@given(st.sampled_from(LSUN_SCENES + LSUN_OBJECTS), st.sampled_from("_- .0123456789"), names)
def test_every_category_is_found_in_its_file_names(category: str, separator: str, rest: str) -> None:
    for spelled in (category, category.upper(), category.replace("_", "").replace("-", "")):
        assert name_category(f"real/{spelled}{separator}{rest}.png", LSUN_OBJECTS + LSUN_SCENES) == category
