"""Run `python -m fakeid doctor`: describe the machine, and list which images were found and which are missing."""

import os
import platform
import shutil
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch
from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from fakeid.config.choices import SourceName
from fakeid.config.constants import FAKE, REAL
from fakeid.config.parse import Config
from fakeid.console import StatusLine
from fakeid.data.catalog import build_source, list_order
from fakeid.data.sources.archive import open_archive
from fakeid.data.sources.lmdb_database import open_database
from fakeid.data.sources.lsun import find_databases, public_archives
from fakeid.data.sources.progan import find_samples, public_archive
from fakeid.data.sources.sample_tree import list_images
from fakeid.errors import DataError
from fakeid.processes import can_keep_memory
from fakeid.runs.provenance import name_device
from fakeid.training.tracking import is_logged_in
from fakeid.training.trainer import choose_device, choose_precision


def describe_surroundings(config: Config) -> list[tuple[str, str]]:
    """Describe what a training depends on, without trying out or loading anything.

    Args:
        config: Checked options, of which `trainer` and `paths` are used.

    Returns:
        Pairs of a name, such as `GPU`, and what was found.
    """
    device = choose_device(config.trainer.accelerator.value)
    fast = choose_precision("auto", device) == "bf16"
    return [
        ("Python", f"{platform.python_version()}, fakeid {version('fakeid')}"),
        ("torch", f"{torch.__version__}, timm {version('timm')}, Lightning {version('pytorch-lightning')}"),
        ("GPU", _describe_gpus()),
        ("trains on", name_device(device)),
        ("bf16", f"in hardware on the {device.upper()}" if fast else f"not in hardware: the {device.upper()} is faster "
         "with float32"),
        ("threads", f"{config.trainer.threads or torch.get_num_threads()} of {os.cpu_count()} cores"),
        ("freed memory", _describe_memory(config.trainer.keep_memory)),
        *_describe_disks(config),
        ("W&B", "logged in" if is_logged_in() else "not logged in: runs are logged offline; use wandb login to log in, "
         "or logger=csv"),
    ]  # fmt: skip


def _describe_memory(wanted: bool) -> str:
    if wanted and can_keep_memory():
        return "kept from step to step, which is faster on a CPU"
    why = "the allocator is not glibc's, or is configured in the environment" if wanted else "trainer.keep_memory=false"
    return f"left to the allocator: {why}"


def _describe_gpus() -> str:
    if not torch.cuda.is_available():
        return "none that torch can use"
    names = [torch.cuda.get_device_properties(place) for place in range(torch.cuda.device_count())]
    return ", ".join(f"{each.name} with {decimal(each.total_memory)}" for each in names)


def _describe_disks(config: Config) -> Iterator[tuple[str, str]]:
    for option in ("cache", "runs"):
        wanted = Path(getattr(config.paths, option)).expanduser().absolute()
        place = next(folder for folder in (wanted, *wanted.parents) if folder.is_dir())
        locked = "" if os.access(place, os.W_OK) else f"; {place} is not writable, choose another folder"
        yield f"paths.{option}", f"{decimal(shutil.disk_usage(place).free)} free at {wanted}{locked}"


_Found = tuple[list[Path], int, str]  # paths, number of images, problem


def run_doctor(config: Config, console: Console | None = None) -> bool:
    """Describe the machine, locate the images of a configuration without reading them, and print what is missing.

    Args:
        config: Checked options.
        console: Console to print to; None prints to the terminal.

    Returns:
        Whether all images were found.

    Raises:
        DataError: A folder does not exist, or a source other than `lsun_progan` finds what a training would refuse.
    """
    console = console or Console(highlight=False)
    _print_surroundings(config, console)
    if config.data.source is SourceName.lsun_progan:
        return _look_for_lsun_progan(config, console)
    with StatusLine(console, "listing the images"):
        counts = Counter((r.category, r.split, r.label) for r in build_source(config).records())
    table = _table("category", "split", ">real", ">fake")
    for category, split in dict.fromkeys((category, split) for category, split, _ in counts):
        num_real, num_fake = (counts[category, split, label] for label in (REAL, FAKE))
        table.add_row(category, split or "to be drawn", f"{num_real:,}", f"{num_fake:,}")
    console.print(table)
    return True


def _print_surroundings(config: Config, console: Console) -> None:
    with StatusLine(console, "examining the machine"):
        found = describe_surroundings(config)
    table = Table.grid(padding=(0, 2))
    for name, text in found:
        table.add_row(name, Text(text))
    console.print(table, "")


def _look_for_lsun_progan(config: Config, console: Console) -> bool:
    order, held_out = list_order(config.data)
    names = [*order, held_out]
    roots = [root or config.paths.data or "." for root in (config.data.real.root, config.data.fake.root)]
    for root in roots:
        if not Path(root).expanduser().is_dir():
            raise DataError(
                f"expected LSUN's databases or ProGAN's samples in {root}, but there is no such folder; name it with "
                "paths.data=DIR, or with data.real.root=DIR and data.fake.root=DIR"
            )
    with StatusLine(console, "looking for LSUN's databases and ProGAN's samples"):
        reals = {name: _find_reals(roots[0], name) for name in names}
        fakes = _find_fakes(roots[1], names, config)
    for title, found, root in (("LSUN's databases", reals, roots[0]), ("ProGAN's samples", fakes, roots[1])):
        folder = Path(root).expanduser().absolute()
        console.print(f"{title} in {folder}\n", soft_wrap=True)
        table = _table("category", ">images", ">size", "where")
        for name in names:
            table.add_row(name + (" (held out)" if name == held_out else ""), *_render(found[name], folder))
        console.print(table, "")
    wrong = dict.fromkeys(problem for found in (reals, fakes) for _, _, problem in found.values() if problem)
    photos = [f"{' and '.join(public_archives(name))}, unzipped" for name in names if not any(reals[name][1:])]
    samples = [public_archive(name) for name in names if not any(fakes[name][1:])]
    _say("problems", list(wrong), console)
    _say("missing files of LSUN, as published by Yu et al. 2015", photos, console)
    _say("missing files of ProGAN's samples, as published by Karras et al. 2018", samples, console)
    complete = not (wrong or photos or samples)
    if complete:
        console.print("everything is there; python -m fakeid plan with the same options counts the images of a run")
    return complete


def _find_reals(root: str, name: str) -> _Found:
    try:
        folders = find_databases(root, name)
        return folders, sum(open_database(folder).count() for folder in folders), ""
    except DataError as error:
        return [], 0, str(error)


def _find_fakes(root: str, names: list[str], config: Config) -> dict[str, _Found]:
    listings = Path(config.paths.cache).absolute() / "listings"
    try:
        samples = find_samples(root, names, listings)
    except DataError as error:
        return {name: ([], 0, str(error)) for name in names}
    return {name: (paths, sum(_count_samples(path, listings) for path in paths), "") for name, paths in samples.items()}


def _count_samples(path: Path, listings: Path) -> int:
    names = list_images(path) if path.is_dir() else open_archive(path, listings).names()
    return sum(1 for _ in names)


def _render(found: _Found, folder: Path) -> tuple[str, str, str]:
    paths, num_images, problem = found
    where = ", ".join(path.relative_to(folder).as_posix() for path in paths)
    size = decimal(sum(map(_measure, paths))) if paths else "-"
    return f"{num_images:,}" if paths else "-", size, "unusable" if problem else where or "missing"


def _measure(path: Path) -> int:
    """Return the size in bytes of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def _say(what: str, lines: list[str], console: Console) -> None:
    if lines:
        console.print(f"{what}:")
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, markup=False)


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        table.add_column(heading.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table
