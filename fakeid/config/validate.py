"""Check the ranges of options and the rules that join several; each error is one sentence that says how to fix it."""

import difflib
import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from fakeid.config.choices import (
    AugmentName,
    BudgetName,
    ColorName,
    DeviceCache,
    ResidualName,
    SourceName,
    Tested,
)
from fakeid.config.constants import (
    DEMO_CATEGORIES,
    FAMILIES,
    LSUN_CATEGORIES,
    LSUN_OBJECTS,
    LSUN_SCENES,
    OWN_TEST_SET,
)
from fakeid.config.options import list_options
from fakeid.config.schema import Config, DataConfig, EvaluationConfig, OptimConfig, SimulatedConfig, TrainerConfig
from fakeid.config.test_sets import name_test_sets
from fakeid.config.windows import SMALLEST_PX
from fakeid.errors import ConfigError

_SEEDS: Final = 2**32  # number of seeds that numpy accepts
_MOST_THREADS: Final = 1024  # beyond this OpenMP starts no thread at all
_LARGEST: Final = 2**53  # JSON readers agree on integers below this


def check(holds: bool, message: str) -> None:
    """Raise an error unless a condition holds.

    Args:
        holds: Condition.
        message: Sentence for the user.

    Raises:
        ConfigError: The condition does not hold.
    """
    if not holds:
        raise ConfigError(message)


ONE_PROCESS_A_CELL: Final = (
    "a sweep trains each run in one process: set trainer.devices=1; for several runs at once use hydra/launcher=joblib "
    "and sweep.runs_per_gpu, for one run on several devices use train.py trainer=ddp"
)


def check_config(config: Config) -> None:
    """Check every range and every rule that joins several options.

    Raises:
        ConfigError: A rule does not hold; the message describes the first such rule.
    """
    values = {each.path: attrgetter(each.path)(config) for each in list_options(type(config))}
    for each in list_options(type(config)):
        if each.at_least is not None and values[each.path] is not None:
            message = f"{each.path} must be at least {each.at_least:g}, got {values[each.path]}"
            check(values[each.path] >= each.at_least, message)
    _check_data(config.data)
    _check_optim(config.optim)
    _check_trainer(config.trainer)
    check_evaluation(config.evaluation)
    _check_top_level(config)
    _check_joined(config)
    _check_source(config)
    for path, value in values.items():  # all of them enter the JSON summary, which is written only after the training
        if isinstance(value, int | float):
            check(abs(value) < _LARGEST, f"{path} must be a number below {_LARGEST:,}, got {value}")


def _check_data(data: DataConfig) -> None:
    quality = data.codec_quality
    check(
        quality is None or (len(quality) == 2 and 1 <= quality[0] <= quality[1] <= 100),
        f"data.codec_quality must be [lowest, highest] JPEG quality from 1 to 100, got {quality}",
    )
    check(data.max_megapixels > 0, f"data.max_megapixels must be above 0, got {data.max_megapixels}")
    if data.categories is not None:
        doubled = sorted({name for name in data.categories if data.categories.count(name) > 1})
        check(not doubled, f"data.categories names {', '.join(doubled)} more than once; name each category once")
        if data.held_out is not None:
            _check_held_out(data.held_out, data.categories)


def _check_held_out(held_out: str, categories: Sequence[str]) -> None:
    check(
        held_out not in categories,
        f"the held-out category {held_out} must not be trained on; "
        "remove it from data.categories or hold out another with data.held_out",
    )


def _check_optim(optim: OptimConfig) -> None:
    rate = optim.learning_rate
    check(0 < rate <= 1, f"optim.learning_rate must be above 0 and at most 1, got {rate}; the paper uses 0.001")
    check(0 <= optim.ema < 1, f"optim.ema must be in [0, 1), got {optim.ema}; 0.999 is common, 0 turns it off")


def _check_trainer(trainer: TrainerConfig) -> None:
    check(
        trainer.threads is None or 1 <= trainer.threads <= _MOST_THREADS,
        f"trainer.threads must be between 1 and {_MOST_THREADS}, got {trainer.threads}; null uses one per core",
    )
    check(
        trainer.devices == 1 or not trainer.compile,
        "trainer.compile=true works only in one process: set trainer.devices=1, or trainer.compile=false",
    )


def check_evaluation(evaluation: EvaluationConfig) -> None:
    """Check the options of `evaluation` that do not depend on others.

    Raises:
        ConfigError: A value is out of range, or two test sets have the same name.
    """
    check(
        evaluation.swap_quality is None or 1 <= evaluation.swap_quality <= 100,
        f"evaluation.swap_quality must be a JPEG quality from 1 to 100, got {evaluation.swap_quality}",
    )
    for name in ("false_alarm_rate", "max_error"):
        value = getattr(evaluation, name)
        check(0 <= value < 1, f"evaluation.{name} must be in [0, 1), got {value}; 0.05 is common")
    try:
        re.compile(evaluation.cluster or "")
    except re.error as error:
        check(False, f"evaluation.cluster must be stem or a regular expression, got {evaluation.cluster} ({error})")
    names = [part.name for part in name_test_sets(evaluation)]
    doubled = sorted({name for name in names if names.count(name) > 1 or name == OWN_TEST_SET})
    check(
        not doubled,
        f"several test sets are named {', '.join(doubled)} ({OWN_TEST_SET} is the run's own): rename one with NAME:DIR",
    )


def _check_top_level(config: Config) -> None:
    dropout = config.dropout
    check(0 <= dropout < 1, f"dropout must be in [0, 1), got {dropout}; the paper uses 0, 0.2 and 0.5")
    check(config.seed < _SEEDS, f"seed must be below {_SEEDS} (2^32), got {config.seed}")


def _check_joined(config: Config) -> None:
    """Check the rules that join options of several groups."""
    data, trainer = config.data, config.trainer
    check("/" not in config.protocol.name, f"protocol.name must not hold a slash, got {config.protocol.name}")
    check(
        config.protocol.tested is Tested.last or data.val_per_class != 0,
        "protocol.tested=best needs validation images: set data.val_per_class above 0, or protocol.tested=last",
    )
    check(
        config.optim.patience is None or config.protocol.tested is Tested.best,
        "optim.patience waits for a better epoch, but protocol.tested=last tests the last: set protocol.tested=best, "
        "or optim.patience=null",
    )
    check(
        config.optim.batch_size % (trainer.devices or 1) == 0,
        f"trainer.devices={trainer.devices} processes cannot share batches of {config.optim.batch_size} images "
        f"equally: set optim.batch_size to a multiple of {trainer.devices}, or use fewer processes",
    )
    if config.model.is_fitted_at_once:
        _check_fitted_at_once(config)
    check(
        data.device_cache is not DeviceCache.on or config.augment.name is AugmentName.none,
        f"data.device_cache=on keeps images where augment={config.augment.name.value} cannot change them: set "
        "data.device_cache=auto, or augment=none",
    )
    for option, left in config.list_windows().items():
        check(
            left >= SMALLEST_PX,
            f"{option} cuts {left} px out of data.image_px={data.image_px}, but a network needs {SMALLEST_PX}: raise "
            f"data.image_px, or leave out {option}",
        )


def _check_fitted_at_once(config: Config) -> None:
    model = f"model={config.model.name}"
    check(
        config.color.name is ColorName.rgb and config.residual.name is ResidualName.none,
        f"{model} computes its own colors and residuals: set color=rgb and residual=none, got "
        f"color={config.color.name.value} and residual={config.residual.name.value}",
    )
    check(config.dropout == 0, f"{model} is fitted without dropout: set dropout=0, got {config.dropout}")
    check(
        config.augment.name is AugmentName.none and config.optim.ema == 0,
        f"{model} sees each image once: set augment=none and optim.ema=0",
    )
    check(
        config.trainer.devices == 1 and not config.trainer.compile,
        f"{model} is fitted in one pass by one process: set trainer.devices=1 and trainer.compile=false",
    )


def _check_source(config: Config) -> None:
    data = config.data
    if data.source is SourceName.demo:
        _check_demo(config)
    if data.source is SourceName.folders:
        check(
            bool(config.paths.data),
            "data=folders needs paths.data=DIR, a folder that holds [generator/][category/]{0_real,1_fake}",
        )
    if data.source is SourceName.simulated:
        _check_simulated(config)
    else:
        check(
            data.simulated == SimulatedConfig(),
            f"the options data.simulated.* belong to data=simulated, not to data={data.source.value}",
        )
    if data.source is SourceName.lsun_progan:
        _check_lsun_progan(config)
    else:
        check(
            data.real.root is None and data.fake.root is None,
            f"data.real.root and data.fake.root belong to data=lsun_progan, not to data={data.source.value}",
        )
        check(
            data.budget is BudgetName.paper,
            "data.budget=auto works only with data=lsun_progan: set data.budget=paper",
        )


def _check_demo(config: Config) -> None:
    data = config.data
    for name in ("train_per_class", "val_per_class", "test_per_class"):
        check(
            getattr(data, name) is not None,
            f"data=demo draws as many images as wanted: set data.{name} to a number, got null",
        )
    held_out = data.held_out or DEMO_CATEGORIES[-1]
    named = data.categories or [name for name in DEMO_CATEGORIES if name != held_out]
    for name in (held_out, *named):
        check(name in DEMO_CATEGORIES, f"data=demo has no category {name}; it has {', '.join(DEMO_CATEGORIES)}")
    _check_held_out(held_out, named)
    _check_number(config.categories, len(named), held_out)


def _check_simulated(config: Config) -> None:
    check(bool(config.paths.data), "data=simulated needs paths.data=DIR, a folder of photos")
    check(config.categories in (None, 1), f"data=simulated has one category: set categories=1, not {config.categories}")
    simulated = config.data.simulated
    roles = {
        "families": simulated.list_trained_families(),
        "validation_families": simulated.validation_families,
        "test_families": simulated.test_families,
    }
    for role, families in roles.items():
        for name in families:
            near = difflib.get_close_matches(name, FAMILIES, n=1)
            way_out = f"did you mean {near[0]}?" if near else f"there are {', '.join(FAMILIES)}"
            check(name in FAMILIES, f"data.simulated.{role} names {name}, which is not a family; {way_out}")
    for name in FAMILIES:
        places = [f"data.simulated.{role}" for role, families in roles.items() for _ in range(families.count(name))]
        check(len(places) < 2, f"{name} is in {' and in '.join(places)}: name each family once, in one list")
    share = simulated.damaged_share
    check(share <= 1, f"data.simulated.damaged_share must be in [0, 1], got {share}")
    check(
        bool(roles["families"]),
        "no family is left to train on: name one in data.simulated.families, or fewer in validation_families and "
        "test_families",
    )
    check(
        bool(simulated.validation_families),
        "data.simulated.validation_families must name at least one family: its copies select the epoch that is tested",
    )


def _check_lsun_progan(config: Config) -> None:
    data = config.data
    check(
        bool(config.paths.data or (data.real.root and data.fake.root)),
        "data=lsun_progan needs paths.data=DIR, a folder that holds LSUN's databases and ProGAN's samples, "
        "or data.real.root=DIR and data.fake.root=DIR; python -m fakeid doctor lists the files needed",
    )
    known = (*LSUN_SCENES, *LSUN_OBJECTS)
    for name in (*(data.categories or ()), *([data.held_out] if data.held_out else ())):
        near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
        way_out = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
        check(name in known, f"LSUN has no category {name}; {way_out}")
    _check_number(config.categories, len(data.categories or LSUN_CATEGORIES[:-1]), data.held_out or LSUN_CATEGORIES[-1])


def _check_number(categories: int | None, most: int, held_out: str) -> None:
    check(
        categories is None or categories <= most,
        f"categories must be between 1 and {most}, got {categories}; {held_out} is held out",
    )
