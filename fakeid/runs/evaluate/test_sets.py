"""List the images of an evaluation and bring them to the size that the detector was trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from fakeid.config.choices import SourceName
from fakeid.config.constants import OWN_TEST_SET
from fakeid.config.parse import Config
from fakeid.config.test_sets import name_test_sets
from fakeid.console import StatusLine
from fakeid.data.cache.packs import PackedImages
from fakeid.data.sources.photos import PhotoFolder
from fakeid.data.test_sets import ImageSet, build_folder_set, build_own_set
from fakeid.errors import ConfigError, DataError
from fakeid.runs.images import RunImages, build_cache, list_images, name_codec, pack_images

if TYPE_CHECKING:  # a sweep lists images before it loads torch
    from fakeid.training.checkpoint import Card


def check_places(config: Config) -> None:
    """Refuse missing test sets, test sets with unprintable names, and controls that are not test sets.

    Raises:
        ConfigError: A control is not one of the sets.
        DataError: A folder does not exist, or its name is not text.
    """
    named = name_test_sets(config.evaluation)
    strangers = set(config.evaluation.controls) - {part.name for part in named}
    if strangers:
        raise ConfigError(f"evaluation.controls names {', '.join(sorted(strangers))}, but no test set has that name")
    for _, folder, _ in named:
        if not Path(folder).expanduser().exists():
            raise DataError(
                f"there is no folder {folder} to test on; the run's own test images are called {OWN_TEST_SET}"
            )
        if not folder.isprintable():
            raise DataError(f"the folder {folder!r} has a name that is not UTF-8, or cannot be printed: rename it")


def list_sets(
    config: Config,
    console: Console,
    *,
    card: "Card | None" = None,
    own: bool = True,
    drawn: RunImages | None = None,
) -> list[ImageSet]:
    """List the run's own test images and the sets that the options name.

    Args:
        config: Options of the run combined with the evaluation and paths to use.
        console: Console on which progress is printed.
        card: Card of the checkpoint; None if it has not been trained yet.
        own: Whether to include the run's own test images.
        drawn: Images of the run, if they have already been listed.

    Raises:
        ConfigError: A control is not one of the sets, or all sets are controls.
        DataError: Images are missing, or they are not those that the run was tested with.
    """
    evaluation = config.evaluation
    check_places(config)
    sets = [_list_own(config, drawn or list_images(config, console), card)] if own else []
    for name, folder, all_real in name_test_sets(evaluation):
        with StatusLine(console, f"listing the images of {name}"):
            part = build_folder_set(
                name, folder, per_class=evaluation.per_class, seed=config.data.seed,
                control=name in evaluation.controls, all_real=all_real, max_megapixels=config.data.max_megapixels,
            )  # fmt: skip
        if card:
            _check_not_trained_on(part, card)
        sets.append(part)
    if not sets:
        raise DataError("there is nothing to test: name a folder of images, or set evaluation.sets")
    if all(part.control for part in sets):
        raise ConfigError(
            "evaluation.controls names all test sets, but controls are judged beside other images: add the run's own "
            f"with {OWN_TEST_SET}, or another folder"
        )
    return sets


def pack_sets(config: Config, sets: Sequence[ImageSet], console: Console) -> list[tuple[ImageSet, PackedImages]]:
    """Pack the images of each set in the cache that trainings also use.

    Args:
        config: Options of the run, with the codec of its training.
        sets: Test sets.
        console: Console on which progress is printed.

    Raises:
        BadImageError: An image is unusable, with `data.on_bad_image=error`.
        DataError: No usable image is left in a set, or the cache is damaged.
    """
    packed_sets = []
    for part in sets:
        packed = pack_images(config, build_cache(config, part.source, name_codec(config)), part.records, console)
        if packed.skipped:
            console.print(f"left out {len(packed.skipped)} of {len(part.records):,} images of {part.name}")
            if len(packed.skipped) == len(part.records):
                raise DataError(f"no usable image is left in the test set {part.name}; see data.on_bad_image")
        packed_sets.append((part, packed))
    return packed_sets


def _list_own(config: Config, images: RunImages, card: "Card | None") -> ImageSet:
    if card and images.plan.digest() != card.data.digest:
        raise DataError(
            f"the images that {card.name} was tested with have changed or moved; give their location with "
            "paths.data=DIR, or name other folders to test on"
        )
    where = "built-in data" if config.data.source is SourceName.demo else str(config.paths.data)
    evaluation = config.evaluation
    return build_own_set(
        images.source, images.plan, where, per_class=evaluation.per_class,
        held_out_generators=evaluation.held_out_generators,
    )  # fmt: skip


def _check_not_trained_on(part: ImageSet, card: "Card") -> None:
    same = part.source.describe() == card.data.source and not any(record.split for record in part.records)
    if same or holds_training_photos(part.where, card):
        raise DataError(
            f"{part.where} contains the training images of {card.name} and has no predefined splits: name no folder "
            "to test the run's own test images"
        )


def holds_training_photos(folder: str, card: "Card") -> bool:
    """Tell whether a folder holds the photos of a training with `data=simulated`, all of them and no others."""
    if card.data.source.get("source") != SourceName.simulated.value:
        return False
    data = card.config["data"]
    photos = PhotoFolder(folder, data["image_px"], data["max_megapixels"])
    try:
        keys = photos.list_keys()
    except DataError:  # nothing that a training could have read
        return False
    copies = photos.find_copies(keys)  # the training has left them out
    return bool(photos.hash_files([key for key in keys if key not in copies]) == card.data.source["photos"])
