"""Turns a trained model into a deployable artifact and proves that it is right."""

__version__ = "0.1.0"
