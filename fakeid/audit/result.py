"""What an audit finds: the schema of audit.json."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import FiniteFloat, NonNegativeInt

from fakeid.evaluation.records.results import Probe


@dataclass(frozen=True)
class Range:
    """The middle and the ends of some whole numbers."""

    median: FiniteFloat
    low: int
    high: int


@dataclass(frozen=True)
class Spread:
    """The mean of some numbers, and their standard deviation."""

    mean: FiniteFloat
    std: FiniteFloat


@dataclass(frozen=True)
class ClassFacts:
    """How the images of one class are; None and empty where there is nothing to describe.

    Attributes:
        num_images: How many were looked at.
        containers: `JPEG`, `PNG` and so on → how many, the most frequent first; `no file` where images are drawn.
        sizes: Such as `256 x 256` → how many.
        jpeg_quality: Of the JPEG files.
        subsampling: Of their chroma, such as `4:2:0` → how many.
        exif: Share of the files that have EXIF, in [0, 1].
        bytes_per_pixel: Of the files.
        pixels: Name, as `fakeid.audit.pixels.compute_pixel_facts` gives it → its spread.
    """

    num_images: NonNegativeInt
    containers: Mapping[str, NonNegativeInt]
    sizes: Mapping[str, NonNegativeInt]
    jpeg_quality: Range | None
    subsampling: Mapping[str, NonNegativeInt]
    exif: FiniteFloat | None
    bytes_per_pixel: Spread | None
    pixels: Mapping[str, Spread | None]


@dataclass(frozen=True)
class Histogram:
    """Counts of both classes in common bins.

    Attributes:
        edges: (k + 1,); what lies beyond is counted in the outermost bins.
        real: (k,).
        fake: (k,).
    """

    edges: tuple[FiniteFloat, ...]
    real: tuple[NonNegativeInt, ...]
    fake: tuple[NonNegativeInt, ...]


@dataclass(frozen=True)
class Duplicate:
    """Two images of different splits that show the same.

    Attributes:
        kind: `exact` for equal pixels, `near` for the same look.
        split_a: Where one is.
        key_a: Its key.
        category_a: What it depicts.
        split_b: Where the other is.
        key_b: Its key.
        category_b: What it depicts.
        distance: Differing bits of the perceptual hash.
    """

    kind: str
    split_a: str
    key_a: str
    category_a: str
    split_b: str
    key_b: str
    category_b: str
    distance: NonNegativeInt


@dataclass(frozen=True)
class SharedImages:
    """How many pairs two splits have in common."""

    split_a: str
    split_b: str
    num_pairs: NonNegativeInt


@dataclass(frozen=True)
class Duplicates:
    """Copies in two splits.

    Attributes:
        num_exact: Pairs of equal pixels.
        num_near: Pairs of the same look.
        between: How many each two splits share.
        examples: The first pairs.
    """

    num_exact: NonNegativeInt
    num_near: NonNegativeInt
    between: tuple[SharedImages, ...]
    examples: tuple[Duplicate, ...]


@dataclass(frozen=True)
class TornPair:
    """The keys of a photo and of its translation, which lie in different splits."""

    real: str
    fake: str


@dataclass(frozen=True)
class TornPairs:
    """Photos whose translation lies in another split of the data set: how many, and the first ones."""

    num: NonNegativeInt
    examples: tuple[TornPair, ...]


@dataclass(frozen=True)
class AuditResult:
    """Whether the classes can be told apart without looking for a GAN, and whether splits share images.

    Attributes:
        codec: `none` or `shared`, which the images went through.
        prep: How they were brought to one size.
        classes: By `real` and `fake`.
        categories: By `real` and `fake`: category → how many images.
        probes: By `files` and `residuals`; None with too few images.
        histograms: By the name of a fact or statistic.
        duplicates: Between splits.
        torn_pairs: Where the data set gives its splits.
        warnings: Sentences, each with what to do.
        verdict: One sentence.
    """

    codec: str
    prep: str
    classes: Mapping[str, ClassFacts]
    categories: Mapping[str, Mapping[str, NonNegativeInt]]
    probes: Mapping[str, Probe | None]
    histograms: Mapping[str, Histogram]
    duplicates: Duplicates
    torn_pairs: TornPairs
    warnings: tuple[str, ...]
    verdict: str
