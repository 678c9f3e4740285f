"""Tests of reading what MLflow saved."""
