"""Trials: a model laid out as it would ship, asked for its answers, and timed beside another one.

trial_root = lay(folder, target, converted, version, favour)   # TrialRoot: root, python, library, sizes
outputs = answers(trial_root, cases).outputs                   # the shipped code's own
timed = compare(trial_root, base, cases)                       # Timed: own_ms, base_ms, Ratio with interval
"""

from packager.trial.root import ENGINES, TrialRoot, answers, lay
from packager.trial.timing import Timed, compare

__all__ = ["ENGINES", "Timed", "TrialRoot", "answers", "compare", "lay"]
