"""Define the named choices of the options; each member's name is typed on the command line."""

from enum import Enum


class ColorName(str, Enum):
    """Color space in which the residual is computed."""

    rgb = "rgb"
    hsv = "hsv"
    ycbcr = "ycbcr"


class ResidualName(str, Enum):
    """Filter before the backbone that removes content; `bayar` is learned, the others are fixed."""

    none = "none"
    hpf = "hpf"
    srm = "srm"
    npr = "npr"
    bayar = "bayar"
    dwt_hh = "dwt_hh"


class AugmentName(str, Enum):
    """Augmentation of training images, drawn anew in each epoch."""

    none = "none"
    jpeg_blur = "jpeg_blur"
    crop = "crop"
    safe = "safe"
    spectral = "spectral"
    history = "history"


class Alignment(str, Enum):
    """How training pairs of `data=simulated` are made equally sharp.

    `full` mostly changes the photo, which it softens and makes grainy, and otherwise the copy; `copies` changes only
    the copy; `none` changes nothing. Validation and test pairs are always aligned fully.
    """

    full = "full"
    copies = "copies"
    none = "none"


class HpfChannels(str, Enum):
    """Output of the high-pass filter: `sum` adds the filtered channels into one, `each` keeps them separate."""

    sum = "sum"
    each = "each"


class HpfBorder(str, Enum):
    """Border of the high-pass filter: `valid` loses two pixels on each side, `reflect` keeps the size."""

    valid = "valid"
    reflect = "reflect"


class HsvForm(str, Enum):
    """Form of HSV: `opencv_8bit` rounds as OpenCV (the paper); `circular` is float, hue as (cos, sin) times chroma."""

    opencv_8bit = "opencv_8bit"
    circular = "circular"


class Bottleneck(str, Enum):
    """Width of Pelee's bottlenecks: `wide` is 64 everywhere (the paper's authors), `published` is PeleeNet's."""

    wide = "wide"
    published = "published"


class DropoutAt(str, Enum):
    """Place of dropout in Pelee: after both `branches` of each dense layer, or once before the `classifier`."""

    branches = "branches"
    classifier = "classifier"


class Loss(str, Enum):
    """`softmax_ce` applies the softmax twice, as the paper's code does; `bce` is cross entropy on the logit."""

    softmax_ce = "softmax_ce"
    bce = "bce"


class Init(str, Enum):
    """Initial weights of Pelee: the defaults of `torch` (the paper's code), or those of PeleeNet's `published` code."""

    torch = "torch"
    published = "published"


class Logits(str, Enum):
    """Initialization and steps of the logit: as the difference of `two` outputs (the paper's code), or as `one`."""

    two = "two"
    one = "one"


class Schedule(str, Enum):
    """Learning-rate schedule: `constant`, or half a `cosine` that reaches 0 at the last step."""

    constant = "constant"
    cosine = "cosine"


class Tested(str, Enum):
    """Epoch whose weights are tested: the `last`, or the `best` on validation images of training categories."""

    last = "last"
    best = "best"


class Views(str, Enum):
    """Views of an image that are scored: the `full` image, or the mean logit of `crops` or `patches`."""

    full = "full"
    crops = "crops"
    patches = "patches"


class ThresholdFrom(str, Enum):
    """Threshold of a run's accuracies: P(fake) = 0.5, or one chosen on validation images.

    `validation` chooses the threshold with the best balanced accuracy; `photos` one with few false positives, which
    depends only on real images.
    """

    half = "half"
    validation = "validation"
    photos = "photos"


class SourceName(str, Enum):
    """Source of the images."""

    demo = "demo"
    folders = "folders"
    lsun_progan = "lsun_progan"
    simulated = "simulated"


class BudgetName(str, Enum):
    """Numbers of images: as set (`paper`), or reduced in proportion to what is available (`auto`)."""

    paper = "paper"
    auto = "auto"


class Prep(str, Enum):
    """Preparation: `crop` cuts out the center, `squash` resizes to a square, `center_crop` resizes a central square."""

    crop = "crop"
    squash = "squash"
    center_crop = "center_crop"


class Codec(str, Enum):
    """Compress both classes at random JPEG quality: always (`shared`), if their codecs differ (`auto`), or `none`."""

    none = "none"
    shared = "shared"
    auto = "auto"


class DeviceCache(str, Enum):
    """Keep the training images in GPU memory: if they fit (`auto`), always (`on`), or never (`off`)."""

    auto = "auto"
    on = "on"
    off = "off"


class OnBadImage(str, Enum):
    """Stop at an unusable image (`error`), or leave it out and list it in the summary (`skip`)."""

    error = "error"
    skip = "skip"


class Accelerator(str, Enum):
    """Device of the training; `auto` uses a GPU if there is one."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


class Precision(str, Enum):
    """Arithmetic of the backbone in training; `auto` is bf16 if the hardware supports it.

    The residual, the calibration on validation images, the test and the evaluation always use float32.
    """

    auto = "auto"
    float32 = "float32"
    bf16 = "bf16"


class LoggerName(str, Enum):
    """Run tracking: `csv` writes only the run folder; `wandb` also logs to Weights & Biases."""

    csv = "csv"
    wandb = "wandb"
