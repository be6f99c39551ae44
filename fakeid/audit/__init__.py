"""The audit: can the classes be told apart without looking for a GAN, and do the splits share images?"""
