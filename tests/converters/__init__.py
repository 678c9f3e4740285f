"""Tests of the converter workers."""
