"""The whole audit, on data with known answers."""

from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakeid.audit.audit import audit_images
from fakeid.audit.result import AuditResult
from fakeid.config.constants import FAKE, REAL
from fakeid.data.records import Record
from fakeid.data.sources.demo import DemoSource
from fakeid.images.codecs import shared_codec
from fakeid.images.decode import decode_image
from fakeid.images.file_facts import FileFacts, read_file_facts
from fakeid.images.resize import prepare_image
from fakeid.io import parse_record, read_record, to_plain_record, write_record
from fakeid.seeding import derive_seed

PER_CLASS = 150
Planted = tuple[list[Record], list[FileFacts], np.ndarray]


@cache
def read_image(source: DemoSource, record: Record) -> np.ndarray:
    return source.read(record)


def read_demo(seed: int, labels: tuple[int, ...], per_label: int) -> tuple[list[Record], np.ndarray]:
    """Read `per_label` images of each label, taking the families in turn."""
    source = DemoSource(images_per_class=28, seed=seed)
    records = sorted(source.records(), key=lambda record: (record.label, record.scene, record.category))
    chosen = [record for label in labels for record in [r for r in records if r.label == label][:per_label]]
    return chosen, np.stack([read_image(source, record) for record in chosen])


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """The demo's 300 real images, (300, 64, 64, 3)."""
    return read_demo(0, (REAL,), 2 * PER_CLASS)[1]


def save(image: np.ndarray, kind: str, **options: int) -> bytes:
    stream = BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getvalue()


def plant(photos: np.ndarray, qualities: tuple[int, int]) -> Planted:
    """Call every second photo real and save it as JPEG; call the others fake and save them as PNG."""
    rng = np.random.default_rng(0)
    records, files = [], []
    for index, photo in enumerate(photos):
        label = index % 2
        quality = int(rng.integers(*qualities, endpoint=True))
        files.append(save(photo, "PNG") if label == FAKE else save(photo, "JPEG", quality=quality))
        records.append(Record(f"{index:04d}", label, "photos", "camera", str(index)))
    images = np.stack([decode_image(file, record.key) for file, record in zip(files, records, strict=True)])
    return records, [read_file_facts(file) for file in files], images


def share(planted: Planted) -> Planted:
    records, facts, images = planted
    pairs = zip(images, records, strict=True)
    return records, facts, np.stack([shared_codec(image, derive_seed("codec", record.key)) for image, record in pairs])


def test_jpeg_against_png_warns_and_says_what_to_do(photos: np.ndarray) -> None:
    audit = audit_images(*plant(photos, (75, 95)), codec="none", prep="crop")
    assert audit.probes["files"].auroc.value > 0.95
    assert audit.probes["files"].warns
    assert "data.codec=shared" in audit.warnings[0]
    assert "data.prep=center_crop" in audit.warnings[0]
    assert "can be told apart" in audit.verdict
    assert audit.classes["real"].containers == {"JPEG": PER_CLASS}
    assert audit.classes["fake"].containers == {"PNG": PER_CLASS}
    assert audit.classes["real"].subsampling == {"4:2:0": PER_CLASS}
    assert 75 <= audit.classes["real"].jpeg_quality.low < audit.classes["real"].jpeg_quality.high <= 95
    assert audit.classes["fake"].jpeg_quality is None


def test_the_shared_codec_silences_it(photos: np.ndarray) -> None:
    audit = audit_images(*share(plant(photos, (75, 95))), codec="shared", prep="crop")
    for probe in audit.probes.values():
        assert probe.auroc.value < 0.6
        assert probe.auroc.low < 0.5
    assert audit.warnings == ()
    # The headers are reported but cause no warning.
    assert audit.classes["real"].containers == {"JPEG": PER_CLASS}
    assert not any("container" in name for name in audit.probes["files"].importances)


def test_what_the_shared_codec_cannot_hide_still_warns(photos: np.ndarray) -> None:
    audit = audit_images(*share(plant(photos, (30, 30))), codec="shared", prep="center_crop")
    assert audit.probes["residuals"].warns
    assert all("data.codec" not in warning and "same content" in warning for warning in audit.warnings)


def test_where_there_are_no_files_nothing_is_advised_that_could_not_help(photos: np.ndarray) -> None:
    records, facts, images = plant(photos, (30, 30))
    audit = audit_images(records, [None] * len(facts), images, codec="none", prep="crop")
    assert audit.warnings
    assert all(warning.endswith("report this number alongside the results") for warning in audit.warnings)
    assert not any("data." in warning for warning in audit.warnings)


def test_sizes_tell_although_the_pixels_do_not(photos: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    photos = photos[:120]
    records, facts, _ = plant(photos, (75, 95))
    png = [FileFacts("PNG", 256, 256, 90_000, None, None, has_exif=False)] * len(facts)
    sizes = [FileFacts("PNG", w, 256, 90_000, None, None, has_exif=False) for w in rng.integers(200, 300, len(facts))]
    mixed = [fact if record.label == FAKE else size for record, fact, size in zip(records, png, sizes, strict=True)]
    assert audit_images(records, mixed, photos, codec="none", prep="squash").probes["files"].warns
    assert not audit_images(records, png, photos, codec="none", prep="squash").probes["files"].warns


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_the_built_in_data_stay_silent(seed: int) -> None:
    records, images = read_demo(seed, (REAL, FAKE), PER_CLASS)
    audit = audit_images(records, [None] * len(records), images, codec="none", prep="crop")
    assert audit.warnings == ()
    assert all(probe.auroc.value < 0.6 for probe in audit.probes.values())
    assert "Nothing" in audit.verdict
    assert audit.classes["real"].containers == {"no file": PER_CLASS}
    assert audit.classes["real"].exif is None


def test_the_answer_can_be_read_back_and_repeated(photos: np.ndarray, tmp_path: Path) -> None:
    planted = plant(photos[:60], (75, 95))
    first = audit_images(*planted, codec="none", prep="crop", seed=3)
    write_record(tmp_path / "audit.json", first)
    assert read_record(tmp_path / "audit.json", AuditResult) == first
    assert audit_images(*planted, codec="none", prep="crop", seed=3) == first
    histogram = first.histograms["blockiness"]
    assert sum(histogram.real) == sum(histogram.fake) == 30
    assert len(histogram.edges) == len(histogram.real) + 1


@pytest.mark.parametrize("count", [0, 1, 30])
def test_few_images_are_described_and_not_judged(photos: np.ndarray, count: int) -> None:
    audit = audit_images(*(part[:count] for part in plant(photos[:30], (75, 95))), codec="none", prep="crop")
    assert audit.probes == {"files": None, "residuals": None}
    assert audit.warnings == ()
    assert "Too few" in audit.verdict
    assert parse_record(to_plain_record(audit), AuditResult) == audit


@pytest.mark.slow
def test_squashed_lsun_against_native_png_warns(lsun_bedroom: Path) -> None:
    """Genuine photos: reals as LSUN stores them; "fakes" prepared like ProGAN's samples and saved as PNG."""
    records, facts, images = [], [], []
    for index, path in enumerate(sorted(lsun_bedroom.glob("*.jpg"))[:60]):
        data, label = path.read_bytes(), index % 2
        if label == FAKE:
            data = save(prepare_image(decode_image(data, path.name), 256, "center_crop"), "PNG")
        records.append(Record(path.name, label, "bedroom", "camera", path.name))
        facts.append(read_file_facts(data))
        images.append(prepare_image(decode_image(data, path.name), 128, "squash"))
    audit = audit_images(records, facts, np.stack(images), codec="none", prep="squash")
    assert audit.probes["files"].auroc.value > 0.95
