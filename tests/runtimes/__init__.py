"""Tests of the shipped runtime."""
