"""What makes the detail of fitted generators look real, as in the training of a GAN."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_WIDTH: Final = 16
_RATE: Final = 1e-3
_BETAS: Final = (0.5, 0.99)


class Critic(nn.Module):
    """A small patch discriminator."""

    def __init__(self) -> None:
        super().__init__()
        width = _WIDTH
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, 1, 1),
        )  # fmt: skip
        self.optimizer = torch.optim.Adam(self.parameters(), _RATE, betas=_BETAS)

    def judge(self, images: Tensor, *, real: bool) -> Tensor:
        """Compute how far images (N, 3, H, W) are from being judged real, or fake."""
        scores = self.layers(images)
        return F.softplus(-scores if real else scores).mean()

    def learn(self, real: Tensor, fake: Tensor) -> None:
        """Take a step towards telling the two apart."""
        self.optimizer.zero_grad()
        loss = self.judge(real, real=True) + self.judge(fake, real=False)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
