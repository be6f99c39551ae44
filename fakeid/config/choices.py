"""The named choices of the options; each member's name is what is typed on the command line."""

from enum import Enum


class ColorName(str, Enum):
    """Color space in which the residual is taken."""

    rgb = "rgb"
    hsv = "hsv"
    ycbcr = "ycbcr"


class ResidualName(str, Enum):
    """What is left of the content in front of the backbone; `bayar` is learned, the others are fixed."""

    none = "none"
    hpf = "hpf"
    srm = "srm"
    npr = "npr"
    bayar = "bayar"
    dwt_hh = "dwt_hh"


class AugmentName(str, Enum):
    """What happens to training images, in each epoch anew."""

    none = "none"
    jpeg_blur = "jpeg_blur"
    crop = "crop"
    safe = "safe"
    spectral = "spectral"
    history = "history"


class Alignment(str, Enum):
    """What is done to training pairs of `data=simulated` so that a photo and its copy are equally sharp.

    `full`: mostly to the photo, which is softened and made grainy, or to the copy; `copies`: to the copy alone; `none`:
    nothing. Validation and test pairs are always fully alike.
    """

    full = "full"
    copies = "copies"
    none = "none"


class HpfChannels(str, Enum):
    """`sum` adds the filtered channels into one; `each` keeps them apart."""

    sum = "sum"
    each = "each"


class HpfBorder(str, Enum):
    """`valid` loses two pixels on each side; `reflect` keeps the size."""

    valid = "valid"
    reflect = "reflect"


class HsvForm(str, Enum):
    """`opencv_8bit` is OpenCV's rounding, as in the paper; `circular` is float, hue as (cos, sin) times chroma."""

    opencv_8bit = "opencv_8bit"
    circular = "circular"


class Bottleneck(str, Enum):
    """Widths of Pelee's bottlenecks: `wide` is 64 everywhere (the paper's authors), `published` is PeleeNet's."""

    wide = "wide"
    published = "published"


class DropoutAt(str, Enum):
    """Where Pelee drops: after both branches of each dense layer, or once before the classifier."""

    branches = "branches"
    classifier = "classifier"


class Loss(str, Enum):
    """`softmax_ce` applies the softmax twice, as the paper's code does; `bce` is cross entropy on the logit."""

    softmax_ce = "softmax_ce"
    bce = "bce"


class Init(str, Enum):
    """First weights of Pelee: as `torch` makes each layer (the paper's code), or as PeleeNet's `published` code."""

    torch = "torch"
    published = "published"


class Logits(str, Enum):
    """How the logit starts and steps: as the difference of `two` outputs (the paper's code), or as plainly `one`."""

    two = "two"
    one = "one"


class Schedule(str, Enum):
    """The learning rate: `constant`, or falling to 0 along half a `cosine` by the last step."""

    constant = "constant"
    cosine = "cosine"


class Tested(str, Enum):
    """Which epoch's weights are tested; `best` is judged on validation images of training categories."""

    last = "last"
    best = "best"


class Views(str, Enum):
    """What is scored of an image: itself, or the mean logit of `crops` or `patches`."""

    full = "full"
    crops = "crops"
    patches = "patches"


class ThresholdFrom(str, Enum):
    """Where a run's accuracies call an image fake: from P(fake) = 0.5 on, or from a threshold chosen on validation.

    `validation` is the one with the best balanced accuracy; `photos` the one for few false positives, which real images
    decide.
    """

    half = "half"
    validation = "validation"
    photos = "photos"


class SourceName(str, Enum):
    """Where images come from."""

    demo = "demo"
    folders = "folders"
    lsun_progan = "lsun_progan"
    simulated = "simulated"


class BudgetName(str, Enum):
    """Take the numbers of images that are asked for (`paper`), or lower them together to what is there (`auto`)."""

    paper = "paper"
    auto = "auto"


class Prep(str, Enum):
    """`crop` cuts out the middle, `squash` resizes to a square, `center_crop` cuts out a square and resizes that."""

    crop = "crop"
    squash = "squash"
    center_crop = "center_crop"


class Codec(str, Enum):
    """`shared` puts both classes through JPEG of random quality; `auto` where their files have different codecs."""

    none = "none"
    shared = "shared"
    auto = "auto"


class DeviceCache(str, Enum):
    """Keep the training images in the GPU's memory: where they fit (`auto`), always (`on`), or never (`off`)."""

    auto = "auto"
    on = "on"
    off = "off"


class OnBadImage(str, Enum):
    """Stop at an unusable image, or leave it out and list it in the summary."""

    error = "error"
    skip = "skip"


class Accelerator(str, Enum):
    """Device of the training; `auto` takes a GPU when there is one."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


class Precision(str, Enum):
    """Arithmetic of the backbone in training; `auto` is bf16 where the hardware has it.

    The residual, and all of validation's calibration, test and evaluation, is always float32.
    """

    auto = "auto"
    float32 = "float32"
    bf16 = "bf16"


class LoggerName(str, Enum):
    """`csv` writes the run folder alone; `wandb` logs to Weights & Biases as well."""

    csv = "csv"
    wandb = "wandb"
