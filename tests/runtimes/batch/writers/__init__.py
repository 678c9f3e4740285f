"""Tests of the formats of the output."""
