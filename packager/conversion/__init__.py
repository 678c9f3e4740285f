"""The converters' front: asks workers to read or convert a model and turns their words into values."""

from packager.conversion.asking import convert, default_format, for_tiny, inspect
from packager.conversion.values import Conversion, Evaluation, Way

__all__ = ["Conversion", "Evaluation", "Way", "convert", "default_format", "for_tiny", "inspect"]
