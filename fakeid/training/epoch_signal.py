"""Lightning's logging as a signal that an epoch is over."""

from collections.abc import Callable, Mapping
from typing import Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only


class EpochSignal(Logger):
    """Calls back whenever Lightning logs, and leaves the numbers alone.

    Lightning logs training and validation apart, counts epochs from 0 and knows neither rate nor images nor seconds.
    The history file has all of it, and is written before Lightning's last call for the epoch.

    Args:
        on_log: Called after each part of an epoch, in the first process only.
    """

    def __init__(self, on_log: Callable[[], None]) -> None:
        super().__init__()
        self._on_log = on_log

    @property
    def name(self) -> str:
        """Of no meaning here."""
        return "epochs"

    @property
    def version(self) -> str:
        """Of no meaning here."""
        return "0"

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Call back."""
        self._on_log()

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run's own configuration is logged at its start."""
