"""Where the bytes of a function are, what of them could go, and what grew.

ledger(path)                       # SizeLedger of a zip, a folder or an artifact, without advice
explain(path, Asked(...), dest)    # the same with cuts and their proof; with dest the safe ones carried out
growth(build_json, archives)       # sentences: what grew since the previous build
"""

from packager.sizes.explain import Asked, explain
from packager.sizes.growth import amount, growth
from packager.sizes.ledger import ledger

__all__ = ["Asked", "amount", "explain", "growth", "ledger"]
