"""Whether a model fits a part: the linker's own answer, with what it takes by kind of section."""

import pytest

from packager.errors import SizeLimitError
from packager.firmware import board, fit
from packager.results import Footprint
from packager.targets.edge import profile
from packager.targets.edge.profile import Microcontroller
from tests.packager.firmware import by_hand, needed
from tests.packager.firmware.by_hand import ByHand

TABLE = ByHand(
    outside="static const float table[2048] = {1.0f, 2.0f};",
    inside="volatile int at = 0; volatile float seen = table[at]; (void)seen;",
)
ZEROS = ByHand(outside="static volatile float zeros[512];", inside="zeros[0] = x[1]; zeros[511] = zeros[0];")


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    needed.board()


def part(**changes: object) -> Microcontroller:
    found = profile.find("cortex-m4")
    assert isinstance(found, Microcontroller)
    return found.model_copy(update=changes)


def footprint(source: ByHand, **changes: object) -> Footprint:
    found = board.check(source, part(**changes), by_hand.cases()).footprint
    assert found is not None
    return found


def test_the_models_own_flash_and_ram_are_without_an_empty_firmwares() -> None:
    small, table, zeros = footprint(ByHand()), footprint(TABLE), footprint(ZEROS)
    assert 0 < small.flash_bytes < 128
    assert (small.ram_bytes, small.sections.rodata) == (0, 0)
    assert table.sections.rodata == 8192
    assert 8192 < table.flash_bytes < 8192 + 192
    assert (zeros.sections.bss, zeros.ram_bytes) == (2048, 2048)
    assert small.whole_flash_bytes is not None and small.whole_flash_bytes > small.flash_bytes


def test_the_whole_ram_has_the_stack_and_the_callers_row() -> None:
    found = footprint(ZEROS)
    assert found.whole_ram_bytes is not None and found.stack_bytes is not None
    row = 3 * 4 + 8 + 4
    assert found.whole_ram_bytes >= found.ram_bytes + found.stack_bytes + row


def test_too_little_flash_is_refused_with_the_numbers_and_a_part_that_has_enough() -> None:
    with pytest.raises(SizeLimitError) as caught:
        footprint(TABLE, flash_kib=8)
    assert "bytes of flash, and it has 8,192" in caught.value.message
    assert "RAM" not in caught.value.message
    assert "8,192 of tables" in caught.value.details[0]
    assert "cortex-m3" in (caught.value.hint or "")


def test_too_little_ram_is_refused_too() -> None:
    with pytest.raises(SizeLimitError, match=r"bytes of RAM, and it has 2,048$"):
        footprint(ZEROS, ram_kib=2)


def test_a_stack_that_does_not_fit_is_refused_though_the_data_would() -> None:
    deep = ByHand(inside="volatile float deep[512]; deep[0] = x[0]; deep[511] = deep[0];")
    assert footprint(deep).ram_bytes == 0
    with pytest.raises(SizeLimitError, match="bytes of RAM, and it has 2,048"):
        footprint(deep, ram_kib=2)


def test_what_just_fits_fits() -> None:
    """The linker and the sum of the sections agree to the kibibyte."""
    whole = footprint(TABLE).whole_flash_bytes
    assert whole is not None
    enough = -(-whole // 1024)
    assert footprint(TABLE, flash_kib=enough).flash_limit_bytes >= whole
    with pytest.raises(SizeLimitError):
        footprint(TABLE, flash_kib=enough - 1)


def test_a_tflite_model_is_held_to_the_part_without_the_interpreters_code() -> None:
    found = fit.with_arena(10_000, 2_000, part())
    assert (found.flash_bytes, found.ram_bytes, found.whole_flash_bytes) == (10_000, 2_000, None)
    with pytest.raises(SizeLimitError, match=r"cortex-m4 needs 200,000 bytes of RAM, and it has 131,072"):
        fit.with_arena(10_000, 200_000, part())
    with pytest.raises(SizeLimitError, match=r"600,000 bytes of flash, and it has 524,288"):
        fit.with_arena(600_000, 2_000, part())
