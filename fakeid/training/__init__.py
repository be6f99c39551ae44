"""The training of a detector: network module, trainer, callbacks, checkpoints, tracking and several processes."""
