"""Where the bytes of a function are, what of them could go, and what grew.

ledger(path)                       # SizeLedger of a zip, a folder or an artifact
growth(build_json, archives)       # sentences: what grew since the previous build
"""

from packager.sizes.growth import growth
from packager.sizes.ledger import ledger

__all__ = ["growth", "ledger"]
