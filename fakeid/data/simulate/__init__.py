"""Simulated data: procedural scenes, simulated generators that imitate photos, and pairs of photos and copies."""
