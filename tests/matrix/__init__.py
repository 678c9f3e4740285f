"""The conversion matrix: every kind of model through a whole build, with what came of it."""
