"""The sources of images, one file each, which all implement `base.Source`."""
