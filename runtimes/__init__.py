"""The code that ships inside an artifact, under this very name."""
