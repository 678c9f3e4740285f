"""Passes over a converted model: each module does one kind, from one file to another of the same format."""
