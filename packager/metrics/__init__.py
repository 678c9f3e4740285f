"""Metrics: how good the shipped code's answers are, and how much was lost of what the source model had.

yard = yardstick(evaluation.path, signature, asked)     # the metric, the truth, the source's answers
score, drop = yard.score(answers), yard.drop(answers)   # of what the shipped code answered, case by case
Budget.parse("0.5%").holds(drop, yard)                  # whether that may be lost
"""

from packager.metrics.budget import Budget
from packager.metrics.yardstick import Yardstick, yardstick

__all__ = ["Budget", "Yardstick", "yardstick"]
