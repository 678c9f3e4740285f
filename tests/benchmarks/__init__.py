"""Tests of the benchmark runs of the goals."""
