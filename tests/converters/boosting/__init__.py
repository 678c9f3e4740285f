"""Tests of packager.converters.boosting."""
