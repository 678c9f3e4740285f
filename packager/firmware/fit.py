"""Whether a model in C fits a microcontroller: the linker answers, with the part's own sizes."""

from dataclasses import dataclass

from packager.errors import SizeLimitError
from packager.firmware.toolchain import Memory, Toolchain
from packager.results import Footprint, Sections
from packager.targets import edge
from packager.targets.edge.profile import Microcontroller

_ANY_SIZE = 1 << 28
"""More than any part has: all is linked into that first, so that there are numbers either way."""
_INTERRUPT_BYTES = 104
"""What a Cortex-M puts on the stack for an interrupt, with its floating point registers."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What is known of a model beside its code: how deep its stack goes (None: not measured), what its
    caller holds of a row and its answer, what buffers the caller lends it, and of what kind it is."""

    function: str
    stack_bytes: int | None
    row_bytes: int
    scratch_bytes: int
    has_trees: bool


def check(toolchain: Toolchain, model: str, needs: Needs, board: str | None) -> Footprint:
    """What the object file ``model`` takes; SizeLimitError where the part has less."""
    profile = toolchain.profile
    base = [toolchain.compile("startup.c"), toolchain.compile("empty.c")]
    toolchain.link("empty.elf", base, Memory(_ANY_SIZE, _ANY_SIZE, 0))
    toolchain.link("model.elf", [*base, model], Memory(_ANY_SIZE, _ANY_SIZE, 0), needs.function)
    whole = toolchain.sections("model.elf")
    own = _less(whole, toolchain.sections("empty.elf"))
    stack = (needs.stack_bytes or 0) + needs.row_bytes + needs.scratch_bytes + _INTERRUPT_BYTES
    found = Footprint(
        device=profile.name,
        compiler=toolchain.version,
        flash_bytes=flash_bytes(own),
        ram_bytes=ram_bytes(own),
        stack_bytes=needs.stack_bytes,
        scratch_bytes=needs.scratch_bytes,
        sections=own,
        whole_flash_bytes=flash_bytes(whole),
        whole_ram_bytes=ram_bytes(whole) + stack,
        flash_limit_bytes=profile.flash_kib << 10,
        ram_limit_bytes=profile.ram_kib << 10,
        board=board,
    )
    part = Memory(found.flash_limit_bytes, found.ram_limit_bytes, stack)
    if not toolchain.link("part.elf", [*base, model], part, needs.function):
        raise _too_large(found, profile, needs.has_trees)
    return found


def with_arena(model_bytes: int, arena_bytes: int, profile: Microcontroller) -> Footprint:
    """What a TFLite model takes beside TFLite Micro's own code; SizeLimitError where that is too much."""
    found = Footprint(
        device=profile.name,
        compiler=None,
        flash_bytes=model_bytes,
        ram_bytes=arena_bytes,
        stack_bytes=None,
        scratch_bytes=0,
        sections=Sections(text=0, rodata=model_bytes, data=0, bss=arena_bytes),
        whole_flash_bytes=None,
        whole_ram_bytes=None,
        flash_limit_bytes=profile.flash_kib << 10,
        ram_limit_bytes=profile.ram_kib << 10,
        board=None,
    )
    over = _over(found, model_bytes, arena_bytes)
    if over:
        raise SizeLimitError(
            f"{profile.name} needs {over}",
            "make the model smaller: packager optimize --pass tflite_full_int8, --pass prune_channels; or "
            f"take a larger part: {_larger_parts(found)}",
            (f"the model takes {model_bytes:,} bytes of flash, its arena {arena_bytes:,} of RAM",),
        )
    return found


def _over(found: Footprint, flash: int | None, ram: int | None) -> str:
    """Of which memory more is needed than there is."""
    both = (("flash", flash, found.flash_limit_bytes), ("RAM", ram, found.ram_limit_bytes))
    return "; ".join(
        f"{needed:,} bytes of {what}, and it has {limit:,}"
        for what, needed, limit in both
        if needed is not None and needed > limit
    )


def flash_bytes(sections: Sections) -> int:
    """What lies in flash: the first values of data, too."""
    return sections.text + sections.rodata + sections.data


def ram_bytes(sections: Sections) -> int:
    """What lies in RAM for as long as the part runs."""
    return sections.data + sections.bss


def _less(whole: Sections, empty: Sections) -> Sections:
    return Sections(
        whole.text - empty.text, whole.rodata - empty.rodata, whole.data - empty.data, whole.bss - empty.bss
    )


def _too_large(found: Footprint, profile: Microcontroller, has_trees: bool) -> SizeLimitError:
    over = _over(found, found.whole_flash_bytes, found.whole_ram_bytes)
    smaller = (
        "fewer or shallower trees: train such, or take a candidate of packager optimize --pass truncate_trees"
        if has_trees
        else "a smaller net: train one with fewer units"
    )
    own = found.sections
    stack = "not measured" if found.stack_bytes is None else f"{found.stack_bytes:,}"
    return SizeLimitError(
        f"{profile.name} needs {over or 'more than it has'}",
        f"{smaller}; or a larger part: {_larger_parts(found)}",
        (
            f"the model itself: {own.text:,} bytes of code, {own.rodata:,} of tables, {own.data:,} of data, "
            f"{own.bss:,} of zeros, stack {stack}",
        ),
    )


def _larger_parts(found: Footprint) -> str:
    """Parts that packager knows and that have enough of both."""
    flash = found.whole_flash_bytes or found.flash_bytes
    ram = found.whole_ram_bytes or found.ram_bytes
    known = (edge.profile.find(name) for name in edge.profile.names())
    enough = [
        one.name
        for one in known
        if isinstance(one, Microcontroller) and one.flash_kib << 10 >= flash and one.ram_kib << 10 >= ram
    ]
    return ", ".join(enough[:4]) or "none of those that packager knows is large enough"
