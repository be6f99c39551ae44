"""What happens to training images, each time anew."""
