"""Tests of packager/firmware."""
