"""Leaves out of an artifact what it never uses, by declared rules, each proven by replaying the function.

layout, trimmed = lay_out(target, parts, own_rules, library_here, say)
"""

from packager.trimming.lay_out import lay_out
from packager.trimming.proof import prove
from packager.trimming.rules import Rule, always_ships, declared

__all__ = ["Rule", "always_ships", "declared", "lay_out", "prove"]
