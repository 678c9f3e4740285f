"""Tests of packager.converters.trees."""
