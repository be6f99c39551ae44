"""Train one detector and test it on seen and unseen content: `python train.py --help`."""

import hydra
from omegaconf import DictConfig

from fakeid.completion import complete_values
from fakeid.config import parse, register_schema
from fakeid.option_help import register_help
from fakeid.terminal import command_line_errors, user_errors

register_schema()
register_help()
complete_values(grids=False)


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> None:
    """Check the options, then train; torch is loaded only once they are known to be right."""
    with user_errors():
        config = parse(cfg)
        from fakeid.runs.train import run_training  # noqa: PLC0415 - see above

        run_training(config)


if __name__ == "__main__":
    with command_line_errors():
        main()
