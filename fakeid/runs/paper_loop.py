"""The baseline of the benchmark: a training loop as the paper's authors wrote theirs."""

import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import ToTensor

from fakeid.models.pelee import PeleeNet

_KV = torch.tensor([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])


class _PaperNetwork(nn.Module):
    """High-pass filter over three channels, PeleeNet with two outputs, softmax inside (Lee & Park 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", (_KV / 12).expand(1, 3, 5, 5).clone())
        self.pelee = PeleeNet(1, num_outputs=2)

    def forward(self, rgb: Tensor) -> Tensor:
        """Probabilities (N, 2) of RGB (N, 3, H, W) in [0, 1]."""
        return torch.softmax(self.pelee(F.conv2d(rgb, self.get_buffer("kernel"))), dim=1)


class PaperLoop:
    """float32, NCHW, PIL through `ImageFolder`, no workers, cross entropy over a softmax, Adam.

    Args:
        root: A folder with one folder of images a class.
        batch_size: Images a step.
        device: `cuda`, `mps` or `cpu`.
    """

    def __init__(self, root: Path, *, batch_size: int, device: str) -> None:
        torch.manual_seed(0)
        self._device = torch.device(device)
        self._network = _PaperNetwork().to(self._device)
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=0.001)
        self._loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            ImageFolder(str(root), ToTensor()), batch_size=batch_size, shuffle=True, drop_last=True
        )

    def step_seconds(self, steps: int) -> list[float]:
        """Seconds of each step on one batch that is in memory, after a step that is not counted."""
        rgb, labels = next(iter(self._loader))
        return [self._step(rgb, labels) for _ in range(steps + 1)][1:]

    def epoch_seconds(self, steps: int) -> list[float]:
        """Seconds of each step with the reading of its batch, after a step that is not counted."""
        seconds: list[float] = []
        while len(seconds) <= steps:
            start = time.perf_counter()
            for rgb, labels in self._loader:
                self._step(rgb, labels)
                seconds.append(time.perf_counter() - start)
                start = time.perf_counter()
        return seconds[1 : steps + 1]

    def _step(self, rgb: Tensor, labels: Tensor) -> float:
        start = time.perf_counter()
        loss = F.cross_entropy(self._network(rgb.to(self._device)), labels.to(self._device))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        loss.item()  # waits for the device
        return time.perf_counter() - start
