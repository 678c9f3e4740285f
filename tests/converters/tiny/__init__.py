"""Tests of packager.converters.tiny."""
