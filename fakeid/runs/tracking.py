"""Track one training in Weights & Biases."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from fakeid.config.choices import LoggerName
from fakeid.config.identity import format_value, read_axes
from fakeid.config.parse import Config, to_plain
from fakeid.runs.layout import RunFolder
from fakeid.training.tracking import RunTracker


@contextmanager
def track_run(config: Config, run: RunFolder, console: Console) -> Iterator[RunTracker | None]:
    """Show a run in W&B while it is worked at; what ends it by an error counts as failed there.

    Args:
        config: Of the run.
        run: Its folder.
        console: Where is printed how to upload a run that was logged offline.

    Yields:
        What to log to; None with `logger=csv`.
    """
    if config.logger.name is LoggerName.csv:
        yield None
        return
    tracker = RunTracker(run.path, to_plain(config), list_tags(config))
    try:
        yield tracker
    except BaseException:
        tracker.finish(failed=True)
        raise
    sync = tracker.finish()
    if sync:
        console.print(f"W&B logged offline; to upload: {sync}", soft_wrap=True)


def list_tags(config: Config) -> list[str]:
    """List the axes of a sweep as `axis=value`, to filter runs by."""
    axes = {**read_axes(to_plain(config)), "categories": config.categories or "all"}
    return [f"{axis}={format_value(value)}"[:64] for axis, value in axes.items()]  # the longest that W&B takes
