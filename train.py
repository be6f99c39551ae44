"""Train one detector and test it on seen and unseen content: `python train.py --help`."""

from fakeid.commands.entry_points import run_train

if __name__ == "__main__":
    run_train()
