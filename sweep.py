"""Train a grid of detectors and report on all of them: `python sweep.py -m`, `python sweep.py --help`."""

from fakeid.commands.entry_points import run_sweep

if __name__ == "__main__":
    run_sweep()
