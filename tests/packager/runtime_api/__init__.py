"""Tests of the Runtime API on loopback."""
