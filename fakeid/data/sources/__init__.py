"""The sources of images, one file each, all with the interface of `base.Source`."""
