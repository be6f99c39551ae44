"""What remains of an image when its content is taken out: one file for each residual, and the builder."""
