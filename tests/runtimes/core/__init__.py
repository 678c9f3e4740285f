"""Tests of the heart of the runtime."""
