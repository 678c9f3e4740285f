"""Pickles, opened by a reader that lets through nothing but the pieces of models."""
