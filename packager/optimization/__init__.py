"""Optimization: candidates of a converted model, tried under a budget, and the choice of what ships."""

from packager.optimization.measuring import Shipping
from packager.optimization.optimizing import Interrupted, Task, journal_of, optimize
from packager.optimization.scoring import Scoring

__all__ = ["Interrupted", "Scoring", "Shipping", "Task", "journal_of", "optimize"]
