"""The families: how far each goes, and how it finds what the budget bears."""

from collections.abc import Callable, Sequence

import pytest

from packager.optimization import ladder
from packager.optimization.lineage import Lineage
from packager.optimized import Candidate, Drop, Objective
from packager.passes import LayerError, find
from packager.passes.base import Pass

LAYERS = tuple(f"layer{at}" for at in range(12))


class Known:
    """A search over a model of which it is known what it bears."""

    def __init__(self, bears: Callable[[Pass], bool], objective: Objective = "size") -> None:
        self._bears = bears
        self.objective: Objective = objective
        self.tried: list[Pass] = []

    def attempt(self, lineage: Lineage, timed: bool = False) -> Candidate:
        """Within the budget where the model bears the last pass."""
        self.tried.append(lineage[-1])
        within = self._bears(lineage[-1])
        drop = Drop(0.0, 0.0, 0.0) if within else Drop(0.1, 0.1, 0.1)
        return Candidate(str(len(self.tried)), "", "within" if within else "over_budget", "", drop=drop)

    def worst_layers(self, lineage: Lineage) -> Sequence[LayerError]:
        """All layers, the worst first."""
        return [LayerError(name, "Conv", 1 / (at + 1), 1) for at, name in enumerate(LAYERS)]


@pytest.mark.parametrize("needed", range(1, len(LAYERS)))
def test_as_few_layers_are_left_out_as_will_do(needed: int) -> None:
    search = Known(lambda one: len(getattr(one, "exclude", ())) >= needed)
    ladder.rescued(search, (), find("static_int8")())  # type: ignore[call-arg]
    excluded = [set(getattr(one, "exclude", ())) for one in search.tried]
    assert set(LAYERS[:needed]) in excluded
    assert len(search.tried) <= 3 + 7  # with other ranges, by doubling, then by halves


def test_other_ranges_are_tried_before_layers_are_left_out() -> None:
    search = Known(lambda one: getattr(one, "calibration", "") == "entropy")
    ladder.rescued(search, (), find("static_int8")())  # type: ignore[call-arg]
    assert [getattr(one, "calibration", "") for one in search.tried] == ["minmax", "percentile", "entropy"]


def test_what_nothing_rescues_is_given_up() -> None:
    search = Known(lambda one: False)
    ladder.rescued(search, (), find("dynamic_int8")())  # type: ignore[call-arg]
    assert len(getattr(search.tried[-1], "exclude", ())) == len(LAYERS) - 1


def test_forests_are_cut_as_far_as_the_budget_bears() -> None:
    search = Known(lambda one: getattr(one, "keep", 0.0) >= 0.3)
    ladder.bisected("keep", 1.0, 0.0)(search, (), find("truncate_trees")())  # type: ignore[call-arg]
    assert [getattr(one, "keep", 0.0) for one in search.tried] == [0.5, 0.25, 0.375, 0.3125]


def test_channels_go_step_by_step_until_too_much_is_lost() -> None:
    search = Known(lambda one: getattr(one, "share", 1.0) < 0.5)
    ladder.stepped("share", (0.25, 0.5, 0.7))(search, (), find("prune_channels")())  # type: ignore[call-arg]
    assert [getattr(one, "share", 0.0) for one in search.tried] == [0.25, 0.5]


def test_half_of_the_first_step_is_tried_where_even_that_is_too_much() -> None:
    search = Known(lambda one: getattr(one, "share", 1.0) < 0.2)
    ladder.stepped("share", (0.25, 0.5, 0.7))(search, (), find("prune_channels")())  # type: ignore[call-arg]
    assert [getattr(one, "share", 0.0) for one in search.tried] == [0.25, 0.125]


@pytest.mark.parametrize("objective", ["size", "latency", "cost"])
@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_every_rung_fits_the_format_and_the_framework(objective: Objective, format: str) -> None:
    for framework in ("sklearn", "torch", "tensorflow", "onnx"):
        rungs = ladder.ladder(objective, format, framework, None)  # type: ignore[arg-type]
        assert rungs
        assert all(format in rung.one.formats for rung in rungs)
        assert all(rung.one.stage == "model" or framework in rung.one.frameworks for rung in rungs)
