"""Tests of packager.passes."""
