"""Models on emulated Cortex-M boards: the host's answers to the bit, and what cannot be shown is said."""

from pathlib import Path
from shutil import which

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier

from packager import firmware, verify
from packager.errors import ConfigError, ToolError, VerificationError
from packager.firmware import board
from packager.firmware.toolchain import COMPILER
from packager.targets.edge import profile
from packager.targets.edge.profile import Microcontroller
from tests.packager.firmware import by_hand, converted, needed
from tests.packager.firmware.by_hand import ByHand
from tests.packager.firmware.converted import ROWS, Written

PARTS = [name for name in profile.names() if isinstance(profile.find(name), Microcontroller)]


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    needed.board()


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Written:
    estimator = RandomForestClassifier(12, max_depth=6, random_state=0)
    return converted.of_digits(estimator, tmp_path_factory.mktemp("forest"))


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Written:
    estimator = MLPClassifier((16,), max_iter=500, tol=0.01, learning_rate_init=0.01, random_state=0)
    return converted.of_digits(estimator, tmp_path_factory.mktemp("net"))


def part(name: str, **changes: object) -> Microcontroller:
    found = profile.find(name)
    assert isinstance(found, Microcontroller)
    return found.model_copy(update=changes)


def assert_right(written: Written, name: str) -> None:
    """All rows: the source model's labels, and the bits that the same C answers here."""
    checked = board.check(written.generated, part(name), written.sent)
    assert checked.not_shown == ()
    assert checked.answers is not None
    answers = written.generated.coding.answered(checked.answers)
    here = firmware.answers(written.generated, written.cases)
    for emulated, host in zip(answers.outputs, here.outputs, strict=True):
        assert {key: array.tobytes() for key, array in emulated.items()} == {
            key: array.tobytes() for key, array in host.items()
        }
    signature = written.converted.model.signature
    tolerance = verify.tolerances(signature, written.cases)
    found = verify.compare(written.cases, answers, signature, "samples", tolerance, "a board")
    assert (found.passed, found.label_flips, found.rows) == (True, 0, ROWS)


@pytest.mark.parametrize(
    "name", ["cortex-m4", "cortex-m3", "cortex-m7", "cortex-m0plus", "raspberry-pi-pico"]
)
def test_a_forest_answers_on_every_processor_as_here_to_the_bit(forest: Written, name: str) -> None:
    assert_right(forest, name)


@pytest.mark.parametrize("name", ["cortex-m4", "cortex-m3"])
def test_a_small_net_answers_as_here_to_the_bit(net: Written, name: str) -> None:
    assert_right(net, name)


def test_a_net_in_single_precision_keeps_to_its_source_on_the_board(net: Written) -> None:
    """Its last digit is that of the board's own C library."""
    signature = net.converted.model.signature
    tolerance = verify.tolerances(signature, net.cases)
    single = firmware.generate(net.converted, "digits", tolerance, "single")
    checked = board.check(single, part("cortex-m4"), net.sent)
    assert checked.answers is not None
    answers = single.coding.answered(checked.answers)
    found = verify.compare(net.cases, answers, signature, "samples", tolerance, "a board")
    assert (found.passed, found.label_flips, found.rows) == (True, 0, ROWS)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_that_packager_knows_is_linked_for_and_emulated(name: str) -> None:
    checked = board.check(ByHand(), part(name), by_hand.cases())
    assert checked.footprint is not None and checked.footprint.board is not None
    assert checked.answers is not None
    for case, answer in zip(by_hand.cases(), checked.answers.outputs, strict=True):
        assert answer["sum"].tobytes() == case.outputs["sum"].tobytes()
        assert answer["label"].tolist() == case.outputs["label"].tolist()


def test_the_stack_is_measured_as_deep_as_it_went() -> None:
    deep = ByHand(inside="volatile float deep[1024]; deep[0] = x[0]; deep[1023] = deep[0];")
    shallow = board.check(ByHand(), part("cortex-m4"), by_hand.cases()).footprint
    found = board.check(deep, part("cortex-m4"), by_hand.cases()).footprint
    assert found is not None and found.stack_bytes is not None
    assert shallow is not None and shallow.stack_bytes is not None
    assert 4096 <= found.stack_bytes <= 4096 + 64
    assert shallow.stack_bytes <= 96


def test_a_model_that_faults_on_the_part_is_refused() -> None:
    broken = ByHand(inside="*label = *(volatile int32_t *)0x60000000;")
    with pytest.raises(VerificationError, match="the model faults on the emulated mps2-an385"):
        board.check(broken, part("cortex-m3"), by_hand.cases())


def test_a_number_that_a_cortex_m0_cannot_read_there_faults_on_its_stand_in_too() -> None:
    crooked = ByHand(
        outside="static const unsigned char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};",
        inside="volatile uintptr_t at = (uintptr_t)bytes | 1; *label = *(volatile const int32_t *)at;",
    )
    assert board.check(crooked, part("cortex-m3"), by_hand.cases()).answers is not None
    for name in ("raspberry-pi-pico", "microbit"):
        with pytest.raises(VerificationError, match="faults"):
            board.check(crooked, part(name), by_hand.cases())


def test_a_model_that_never_answers_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "_LIMIT_S", 2)
    endless = ByHand(inside="for (volatile int at = 0;;) { at++; }")
    with pytest.raises(ToolError, match="the emulated mps2-an386 was stopped after 2 s"):
        board.check(endless, part("cortex-m4"), by_hand.cases())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"board": "mps3-an999"}, r"names the board 'mps3-an999', which packager does not know"),
        ({"flags": ("-mcpu=cortex-m99",)}, r"refuses the flags of cortex-m4, -mcpu=cortex-m99: unrecognized"),
        ({"flags": ("-mcpu=cortex-m4", "-marm")}, r"refuses the flags of .*does not support ARM mode"),
    ],
)
def test_a_profile_that_cannot_be_built_for_is_refused_in_a_sentence(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        board.check(ByHand(), part("cortex-m4", **changes), by_hand.cases())


def test_without_a_board_it_is_linked_and_what_was_not_shown_is_said() -> None:
    checked = board.check(ByHand(), part("cortex-m4", board=None), by_hand.cases())
    assert checked.answers is None
    assert checked.footprint is not None
    assert (checked.footprint.stack_bytes, checked.footprint.board) == (None, None)
    assert "names no board to emulate: its answers there were not compared" in checked.not_shown[0]


def test_without_a_cross_compiler_the_package_that_has_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    checked = board.check(ByHand(), part("cortex-m4"), by_hand.cases())
    assert (checked.footprint, checked.answers) == (None, None)
    assert "apt-get install gcc-arm-none-eabi" in checked.not_shown[0]


@pytest.fixture
def without_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with the cross compiler and nothing else."""
    found = which(COMPILER)
    assert found is not None
    (tmp_path / COMPILER).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("without_emulator")
def test_without_an_emulator_it_is_linked_all_the_same() -> None:
    checked = board.check(ByHand(), part("cortex-m4"), by_hand.cases())
    assert checked.footprint is not None and checked.answers is None
    assert "no qemu-system-arm is on this machine" in checked.not_shown[0]
    assert "apt-get install qemu-system-arm" in checked.not_shown[0]


def test_of_another_family_nothing_is_claimed() -> None:
    checked = board.check(ByHand(), part("cortex-m4", cpu="esp32"), by_hand.cases())
    assert (checked.footprint, checked.answers) == (None, None)
    assert "packager links for Cortex-M alone" in checked.not_shown[0]
