"""The findings of an audit: the schema of audit.json."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import FiniteFloat, NonNegativeInt

from fakeid.evaluation.records.results import Probe


@dataclass(frozen=True)
class Range:
    """The median, minimum and maximum of whole numbers."""

    median: FiniteFloat
    low: int
    high: int


@dataclass(frozen=True)
class Spread:
    """The mean and standard deviation of numbers."""

    mean: FiniteFloat
    std: FiniteFloat


@dataclass(frozen=True)
class ClassFacts:
    """The description of the images of one class; fields are None or empty if there is nothing to describe.

    Attributes:
        num_images: Number of images.
        containers: Number of files by container (`JPEG`, `PNG` and so on), most frequent first; `no file` for generated
            images.
        sizes: Number of files by size, such as `256 x 256`.
        jpeg_quality: Qualities of the JPEG files.
        subsampling: Number of JPEG files by chroma subsampling, such as `4:2:0`.
        exif: Share of the files that have EXIF, in [0, 1].
        bytes_per_pixel: Bytes per pixel of the files.
        pixels: Spread of each pixel fact, by its name in `fakeid.audit.pixels.compute_pixel_facts`.
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
        edges: Edges of the bins, (k + 1,); values beyond them are counted in the outermost bins.
        real: Counts of the reals, (k,).
        fake: Counts of the fakes, (k,).
    """

    edges: tuple[FiniteFloat, ...]
    real: tuple[NonNegativeInt, ...]
    fake: tuple[NonNegativeInt, ...]


@dataclass(frozen=True)
class Duplicate:
    """A pair of images in different splits that show the same.

    Attributes:
        kind: `exact` for equal pixels, `near` for the same look.
        split_a: Split of the first image.
        key_a: Key of the first image.
        category_a: Category of the first image.
        split_b: Split of the second image.
        key_b: Key of the second image.
        category_b: Category of the second image.
        distance: Number of differing bits of the perceptual hash.
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
    """The number of duplicate pairs between two splits."""

    split_a: str
    split_b: str
    num_pairs: NonNegativeInt


@dataclass(frozen=True)
class Duplicates:
    """Duplicates between splits.

    Attributes:
        num_exact: Number of pairs with equal pixels.
        num_near: Number of pairs with the same look.
        between: Number of pairs between every two splits that share some.
        examples: The first pairs.
    """

    num_exact: NonNegativeInt
    num_near: NonNegativeInt
    between: tuple[SharedImages, ...]
    examples: tuple[Duplicate, ...]


@dataclass(frozen=True)
class TornPair:
    """The keys of a photo and its translation in another split."""

    real: str
    fake: str


@dataclass(frozen=True)
class TornPairs:
    """Photos whose translation lies in another split of the data set: their number, and the first ones."""

    num: NonNegativeInt
    examples: tuple[TornPair, ...]


@dataclass(frozen=True)
class AuditResult:
    """The result of an audit: can the classes be told apart without looking for a GAN, and do splits share images?

    Attributes:
        codec: Codec of the images, `none` or `shared`.
        prep: How the images were brought to one size.
        classes: Description of each class, by `real` and `fake`.
        categories: Number of images by category, by `real` and `fake`.
        probes: Result of each probe, by `files` and `residuals`; None with too few images.
        histograms: Histograms by the name of a fact or statistic.
        duplicates: Duplicates between splits.
        torn_pairs: Pairs torn between splits, if the data set has its own splits.
        warnings: Warnings, each with what to do.
        verdict: Verdict of the audit, one sentence.
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
