"""Every option: its type, default and range, what it affects, and what a run with it is called. No torch, no OpenCV."""
