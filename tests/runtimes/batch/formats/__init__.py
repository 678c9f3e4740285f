"""Tests of the formats of input files."""
