"""A lineage: the passes that make a candidate of the model, in order; what names it everywhere."""

import json

from packager.passes import Pass

Lineage = tuple[Pass, ...]
"""Source passes first: they change the model before it is converted."""


def key(lineage: Lineage) -> str:
    """The same for the same passes with the same options."""
    return json.dumps([one.model_dump(mode="json") for one in lineage], sort_keys=True, separators=(",", ":"))


def title(lineage: Lineage) -> str:
    """What people call it."""
    return " + ".join(one.title() for one in lineage) or "as converted"


def source_part(lineage: Lineage) -> Lineage:
    """The passes that are done before the conversion."""
    return tuple(one for one in lineage if one.stage == "source")


def ordered(lineage: Lineage) -> Lineage:
    """Source passes before the others, each in the order that they were given."""
    return (*source_part(lineage), *(one for one in lineage if one.stage != "source"))
