"""Which codec the images of a run go through: what the options say, or what the training files ask for."""

import contextlib
import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from fakeid.audit.metadata import CodecChoice, FileFacts, choose_by_facts, read_file_facts
from fakeid.choices import Codec
from fakeid.config import Config
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sources.contract import Source
from fakeid.errors import BadImageError
from fakeid.files import read_memo, write_memo
from fakeid.images.codecs import SHARED_QUALITIES
from fakeid.records import parse_record
from fakeid.vocabulary import FAKE, REAL

_VERSION: Final = 1  # raise it whenever the same files give another choice
_FILES_PER_CLASS: Final = 300  # whose headers are read
_NONE: Final = CodecChoice(None, "data.codec=none")


def choose_codec(config: Config, source: Source, plan: Plan) -> CodecChoice:
    """Look at the headers of training files, if `data.codec=auto` leaves it to them.

    Up to 300 files of each class are read, spread evenly over the plan, so that every command on the same images comes
    to the same choice. It is remembered below `paths.cache`.

    Args:
        config: Checked options.
        source: Where the files are.
        plan: Which images the run trains on.
    """
    if config.data.codec is not Codec.auto:
        return name_codec(config)
    wanted = config.data.codec_quality
    identity = repr((_VERSION, source.describe(), plan.digest(), wanted))
    path = Path(config.paths.cache) / "codecs" / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"
    try:
        return parse_record(read_memo(path), CodecChoice)
    except (OSError, ValueError):
        real, fake = (_read_facts(source, plan.train, label) for label in (REAL, FAKE))
        choice = choose_by_facts(real, fake, _pair(wanted))
        with contextlib.suppress(OSError):  # a prepared cache may lie on a read-only disk; then each run looks anew
            write_memo(path, choice.to_plain())
        return choice


def name_codec(config: Config) -> CodecChoice:
    """Take the choice that the options make by themselves, without a look at any file."""
    assert config.data.codec is not Codec.auto
    if config.data.codec is Codec.none:
        return _NONE
    return CodecChoice(_pair(config.data.codec_quality) or SHARED_QUALITIES, "data.codec=shared")


def print_codec(choice: CodecChoice, console: Console) -> None:
    """Print one line, unless the options ask for no codec."""
    if choice != _NONE:
        console.print(str(choice), soft_wrap=True, markup=False)


def settle_codec(config: Config, card_data: dict[str, Any]) -> Config:
    """Complete the options of a trained detector by the codec that its training chose in place of `auto`.

    Args:
        config: Of the run.
        card_data: What its checkpoint says of its images.
    """
    if config.data.codec is not Codec.auto:
        return config
    choice = parse_record(card_data["codec"], CodecChoice)
    quality = list(choice.quality) if choice.quality else None
    data = dataclasses.replace(config.data, codec=Codec(choice.name), codec_quality=quality)
    return dataclasses.replace(config, data=data)


def _pair(quality: Sequence[int] | None) -> tuple[int, int] | None:
    return (quality[0], quality[1]) if quality else None


def _read_facts(source: Source, records: Sequence[Record], label: int) -> list[FileFacts]:
    """Read the first files and those that follow at even distances; none where images are drawn."""
    own = [record for record in records if record.label == label]
    spread = [own[at * len(own) // _FILES_PER_CLASS] for at in range(_FILES_PER_CLASS)] if own else []
    found = []
    for record in dict.fromkeys(spread):
        try:
            data = source.read_file(record)
            found += [] if data is None else [read_file_facts(data, record.key)]
        except BadImageError:
            continue  # packing says what to do about it
    return found
