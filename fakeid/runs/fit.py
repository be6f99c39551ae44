"""Train one run, continuing from the last epoch saved in its folder."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytorch_lightning import Callback, seed_everything

from fakeid.config.choices import Tested
from fakeid.config.parse import Config
from fakeid.config.windows import compute_center_px
from fakeid.data.cache.packs import PackedImages
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.plans import Plan
from fakeid.errors import ConfigError
from fakeid.io import remove_parts, write_atomically
from fakeid.models.configured import check_sizes, list_arguments
from fakeid.runs.context import RunContext
from fakeid.runs.layout import RUNNING
from fakeid.runs.logistic_regression import fit_at_once
from fakeid.training.callbacks import EarlyStop, EpochReports, EpochSeeding, History, MovingAverage, TrainingProgress
from fakeid.training.checkpoint import Restoration, check_fits
from fakeid.training.module import DetectorModule
from fakeid.training.trainer import batch_workers, build_trainer, choose_resident, expected_warnings_ignored


def check_shares(plan: Plan, num_processes: int) -> None:
    """Check that each process gets at least one image of each split, without which it cannot compute metrics.

    Raises:
        ConfigError: A split has fewer images than there are processes.
    """
    for name, records in (("train", plan.train), ("val", plan.val)):
        if 0 < len(records) < num_processes:
            raise ConfigError(
                f"{num_processes} processes cannot share {len(records)} images: raise data.{name}_per_class, or use "
                "fewer processes"
            )


def build_data(context: RunContext, plan: Plan, packed: PackedImages) -> PackedDataModule:
    """Build the data module of one process; with a device cache, each keeps all training images on its own device."""
    config = context.config
    augmentation = config.augment.name.value
    # Augmentation takes place on the CPU.
    cache = config.data.device_cache.value if augmentation == "none" else "off"
    num_bytes = len(plan.train) * config.data.image_px**2 * 3
    return PackedDataModule(
        plan,
        packed,
        batch_size=config.optim.batch_size,
        seed=config.seed,
        augmentation=augmentation,
        num_workers=config.trainer.num_workers,
        resident=choose_resident(cache, context.device, num_bytes),
        share=context.team.processes.share,
    )


def build_module(config: Config) -> DetectorModule:
    """Build an untrained detector whose weights depend only on the seed.

    Raises:
        ConfigError: The network is unknown, or the options do not fit it.
    """
    seed_everything(config.seed, verbose=False)
    protocol = config.protocol
    module = DetectorModule(
        list_arguments(config),
        loss=protocol.loss.value,
        views=protocol.views.value,
        center_px=compute_center_px(config.data.image_px, config.augment.name.value),
        learning_rate=config.optim.learning_rate,
        schedule=config.optim.schedule.value,
        channels_last=config.trainer.channels_last,
        compile_backbone=config.trainer.compile,
    )
    check_sizes(module.detector, config)
    return module


def fit(context: RunContext, data: PackedDataModule) -> DetectorModule:
    """Train a detector up to the last epoch, resuming if possible, and save the weights to be tested as `tested.ckpt`.

    Every process of a team calls this function; only the first one prints and writes.

    Returns:
        Trained module with the weights of the last epoch or their moving average.

    Raises:
        CheckpointError: The run's checkpoint is damaged or belongs to another model.
        WorkerError: A process that loads batches or trains with this one was killed.
        KeyboardInterrupt: The user pressed Ctrl-C; the folder contains the last complete epoch.
    """
    config, run, team = context.config, context.run, context.team
    module = build_module(config)
    if team.is_first:
        remove_parts(run.checkpoints)
    if config.model.is_fitted_at_once:
        fit_at_once(context, data, module)
        _keep(run.last, run.tested)
        return module
    keep_best = config.protocol.tested is Tested.best
    # The first process decides, because a network disk may show the others an older state.
    resume = run.last if team.agree(run.last.exists()) else None
    if resume and team.is_first:
        context.console.print(f"continuing after epoch {check_fits(resume, module)} of {config.optim.epochs}")
    if team.processes.size > 1 and context.device == "cuda":  # impossible on a CPU, where each normalizes its share
        from timm.layers.norm_act import convert_sync_batchnorm  # noqa: PLC0415 - takes seconds; only GPUs need it

        module.detector = convert_sync_batchnorm(module.detector)  # type: ignore[no-untyped-call]
    restoration = Restoration(resume)
    trainer = build_trainer(
        folder=run.checkpoints,
        epochs=config.optim.epochs,
        device=context.device,
        precision=context.precision,
        keep_best=keep_best,
        callbacks=[*_list_callbacks(context), *team.list_callbacks(), restoration],
        limit_batches=config.trainer.limit_batches,
        place=team.place,
    )
    with team.watched():
        with ctrl_c_raised(), expected_warnings_ignored(), restoration, batch_workers():
            trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
        team.leave()
    if team.is_first:
        _keep(run.best if keep_best else run.last, run.tested)
    return module


def _list_callbacks(context: RunContext) -> list[Callback]:
    config, run, tracker = context.config, context.run, context.tracker
    epochs, history = config.optim.epochs, History(run.history)
    callbacks: list[Callback] = [EpochSeeding(config.seed), history]
    if config.optim.patience:
        callbacks.append(EarlyStop(config.optim.patience, context.console))
    if config.optim.ema:
        callbacks.append(MovingAverage(config.optim.ema, context.device))
    if context.team.is_first:
        reports = [lambda done: run.write_status(RUNNING, epochs_done=done, epochs=epochs)]
        if tracker:
            reports.append(lambda _: tracker.log_history())
        callbacks += [EpochReports(*reports), TrainingProgress(context.console, history)]
    return callbacks


def _keep(checkpoint: Path, tested: Path) -> None:
    with checkpoint.open("rb") as content:
        write_atomically(tested, lambda file: shutil.copyfileobj(content, file))


@contextmanager
def ctrl_c_raised() -> Iterator[None]:
    """Re-raise Ctrl-C, which Lightning turns into an exit that leaves the signal ignored."""
    try:
        yield
    except SystemExit as error:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
