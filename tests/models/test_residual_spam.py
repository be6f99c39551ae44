import torch

from fakeid.config.compose import compose_config
from fakeid.models.residuals import build_residual


def test_worked_example_from_the_name_that_is_typed(device: torch.device) -> None:
    name = compose_config(["residual=spam"]).residual.name.value
    image = torch.tensor([[1.0, 2.0, 5.0], [4.0, 8.0, 3.0], [7.0, 9.0, 6.0]], device=device)
    horizontal, vertical = build_residual(name, 1)(image.expand(1, 1, 3, 3))[0].tolist()
    assert horizontal == [[-1, -3], [-4, 5]]
    assert vertical == [[-3, -6], [-3, -1]]
