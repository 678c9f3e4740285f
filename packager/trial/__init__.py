"""Trials: a model laid out as it would ship, asked for its answers, and timed beside another one.

trial_root = lay(folder, target, converted, version, favour)   # TrialRoot: root, python, library, sizes
outputs = answers(trial_root, cases).outputs                   # the shipped code's own
outputs = answers_to_rows(trial_root, cases).outputs           # as requests of one row get them
timed = compare(trial_root, base, cases)                       # Timed: own_ms, base_ms, Ratio with interval
"""

from packager.trial.root import ENGINES, TrialRoot, answers, answers_to_rows, lay
from packager.trial.timing import Timed, compare

__all__ = ["ENGINES", "Timed", "TrialRoot", "answers", "answers_to_rows", "compare", "lay"]
