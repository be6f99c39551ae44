"""Lightning's DDP among processes that are there already."""

import signal
import threading

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy

from fakeid.training.world import World


class SharedBatches(DDPStrategy):
    """Every process has the same weights and adds the gradient of its share of each batch.

    Args:
        world: This process's place; its process group must be there.
        device: `cuda` or `cpu`.
    """

    def __init__(self, world: World, device: str) -> None:
        super().__init__(
            # Lightning takes the one at the local rank.
            parallel_devices=[world.choose_device(device)] * (world.local_rank + 1),
            cluster_environment=_Environment(world),
        )

        self._on_sigterm = signal.getsignal(signal.SIGTERM)

    def on_train_start(self) -> None:
        """Take back Lightning's handler of SIGTERM, whose message to the others would meet their sums of gradients."""
        super().on_train_start()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._on_sigterm)

    def _configure_launcher(self) -> None:
        """None: Lightning's own would start the command line again, which may be a whole sweep."""


class _Environment(LightningEnvironment):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    @property
    def creates_processes_externally(self) -> bool:
        return True

    def world_size(self) -> int:
        return self._world.size

    def global_rank(self) -> int:
        return self._world.rank

    def local_rank(self) -> int:
        return self._world.local_rank

    def set_world_size(self, size: int) -> None:
        pass

    def set_global_rank(self, rank: int) -> None:
        pass

    def teardown(self) -> None:
        pass
