"""Runs a model on a device: ``from edge import Model``."""
