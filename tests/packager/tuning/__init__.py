"""Tests of the memory tuner."""
