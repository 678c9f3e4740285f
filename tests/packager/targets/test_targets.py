"""Every target is found by its kind and by its short name."""

import pytest

from packager.errors import ConfigError
from packager.targets import TARGETS, find


@pytest.mark.parametrize("kind", sorted(TARGETS))
def test_a_target_is_known_by_its_kind_and_its_folder(kind: str) -> None:
    target = TARGETS[kind]
    assert find(kind) is target
    assert find(target.folder) is target
    assert target().kind == kind


def test_suggests_the_name_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="no target 'lamda'") as raised:
        find("lamda")
    assert raised.value.hint == "did you mean 'lambda'?"


def test_lists_the_targets_when_no_name_is_near() -> None:
    with pytest.raises(ConfigError) as raised:
        find("mainframe")
    assert raised.value.hint == "the targets are: aws_lambda, batch, edge"
