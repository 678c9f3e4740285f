"""Tests of one framework's converter."""
