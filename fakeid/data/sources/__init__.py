"""Where images come from, one file each, all with the contract of `contract.py`."""
