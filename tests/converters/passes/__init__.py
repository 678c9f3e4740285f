"""Tests of packager.converters.passes."""
