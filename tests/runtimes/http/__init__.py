"""Tests of runtimes/http."""
