"""Tests of our own converters."""
