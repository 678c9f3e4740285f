"""Measurements: ratios against an alternative in one interleaved run, medians, sizes in bytes."""
