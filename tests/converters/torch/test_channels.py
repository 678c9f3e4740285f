"""Channels are taken out where nothing else of the model tells."""

import copy
from typing import Any

import pytest
import torch

from packager.converters.failure import ConversionError
from packager.converters.torch.channels import Narrowed, narrow
from packager.converters.torch.cutting import Cut
from packager.converters.torch.freedom import trials
from packager.converters.torch.imitation import imitate, recalibrate
from tests.converters.torch.pruned_modules import (
    BothWays,
    Digits,
    Encoder,
    Fixed,
    Heads,
    Layers,
    Recurrent,
    numbers,
    read,
    seeded,
)


def narrowed(
    module: Any, rows: Any, share: float = 0.5, exclude: tuple[str, ...] = (), **cut: Any
) -> Narrowed:
    model = read(module, **rows)
    wanted = Cut(share, cut.get("round_to", 4), cut.get("globally", False))
    return narrow(model, wanted, list(exclude), trials(model.run, model.example, model.free))


PIXELS = {"pixels": numbers(3, 1, 8, 8)}
SEQUENCES = {"x": numbers(3, 5, 8)}


def kept(before: Any, after: Any) -> list[int]:
    """The channels that are left, found by their own weights."""
    rows = before.weight.flatten(1)
    return [next(at for at, row in enumerate(rows) if row[0] == one) for one in after.weight.flatten(1)[:, 0]]


def test_what_is_left_answers_as_the_whole_model_with_those_channels_silent() -> None:
    torch.manual_seed(0)
    whole = Digits()
    whole(torch.randn(64, 1, 8, 8))  # norms that do something
    for norm in (whole.first[1], whole.inside[1], whole.point[0]):
        torch.nn.init.normal_(norm.bias)
    made = narrowed(whole.eval(), PIXELS).module.inner
    silent = copy.deepcopy(whole)
    groups = [
        (whole.depth, made.depth, [silent.first[1], silent.back, silent.depth, silent.point[0]]),
        (whole.inside[0], made.inside[0], [silent.inside[1]]),
        (whole.point[1], made.point[1], [silent.point[1]]),
    ]
    with torch.no_grad():
        for before, after, layers in groups:
            gone = sorted(set(range(before.out_channels)) - set(kept(before, after)))
            assert len(gone) == before.out_channels - after.out_channels > 0
            for layer in layers:
                layer.weight[gone] = 0
                layer.bias[gone] = 0
        pixels = torch.randn(5, 1, 8, 8)
        torch.testing.assert_close(made(pixels), silent(pixels))


def test_residuals_depthwise_and_grouped_convolutions_become_narrower_together() -> None:
    made = narrowed(seeded(Digits), PIXELS)
    net = made.module.inner
    assert made.layers == ("back", "depth", "first.0", "inside.0", "point.1")
    assert (net.first[0].out_channels, net.back.out_channels, net.depth.groups) == (8, 8, 8)
    assert (net.inside[0].out_channels, net.point[1].groups, net.point[1].out_channels) == (12, 2, 16)
    assert (net.last.in_features, net.last.out_features) == (16 * 4, 10)


def test_what_is_left_is_a_multiple() -> None:
    net = narrowed(seeded(Digits), PIXELS, share=0.3, round_to=8).module.inner
    assert [net.first[0].out_channels, net.inside[0].out_channels, net.point[1].out_channels] == [8, 16, 24]


def test_ranked_together_layers_lose_different_shares() -> None:
    module = seeded(Digits)
    with torch.no_grad():
        module.inside[0].weight *= torch.linspace(0, 5, 24)[:, None, None, None].square()
    net = narrowed(module, PIXELS, share=0.4, round_to=1, globally=True).module.inner
    assert net.inside[0].out_channels / 24 < net.point[1].out_channels / 32


def test_a_layer_whose_size_the_code_names_stays_as_it_is() -> None:
    made = narrowed(seeded(Fixed), {"x": numbers(3, 8)})
    assert made.layers == ("free",)
    assert made.left == ("named",)


def test_a_layer_that_torch_pruning_cannot_follow_stays_as_it_is() -> None:
    made = narrowed(seeded(BothWays), {"x": numbers(3, 1, 20)})
    assert (made.layers, made.left) == (("first",), ("second",))


def test_a_model_without_batch_norms_learns_from_rows_alone() -> None:
    torch.manual_seed(0)
    whole, rows = Layers(), torch.randn(64, 8)
    with torch.no_grad():
        whole.first.weight[:16] *= 0.5
    model = read(whole.eval(), x=rows.numpy())
    pruned = narrow(model, Cut(0.5, 4, False), [], [model.example]).module
    answers = [whole(rows).detach()]
    before = (pruned(rows)[0] - answers[0]).square().mean().item()
    made = imitate(pruned, [rows], answers, 60, 0)
    assert (made(rows)[0] - answers[0]).square().mean().item() < before / 2


def test_batch_norms_learn_the_statistics_of_what_they_see_now() -> None:
    norm = torch.nn.Sequential(torch.nn.BatchNorm1d(4)).eval()
    rows = torch.randn(200, 4) * 3 + 5
    recalibrate(norm, [rows])
    torch.testing.assert_close(norm[0].running_mean, rows.mean(0), atol=0.01, rtol=0)
    torch.testing.assert_close(norm[0].running_var, rows.var(0), atol=0, rtol=0.1)
    assert norm[0].momentum == 0.1
    assert not norm[0].training


@pytest.mark.parametrize(
    ("kind", "layers"),
    [(Heads, ("wide",)), (Encoder, ("encoder.layers.0.linear1",)), (Recurrent, ("before", "behind"))],
)
def test_heads_and_states_stay_whole(kind: Any, layers: tuple[str, ...]) -> None:
    width = 16 if kind is Encoder else 8
    assert narrowed(seeded(kind), {"x": numbers(3, 5, width)}).layers == layers


def test_excluded_layers_keep_their_channels() -> None:
    made = narrowed(seeded(Digits), PIXELS, exclude=("inside", "back"))
    assert made.layers == ("point.1",)
    assert made.left == ("back", "inside.0")


def test_names_that_the_model_does_not_have_are_refused() -> None:
    with pytest.raises(ConversionError, match="no layer insode") as caught:
        narrowed(seeded(Digits), PIXELS, exclude=("insode",))
    assert caught.value.hint is not None
    assert "inside.0" in caught.value.hint


def test_a_model_without_channels_to_spare_is_refused() -> None:
    with pytest.raises(
        ConversionError, match="No layer can lose 30% of its channels and keep a multiple of 64"
    ):
        narrowed(seeded(Layers), {"x": numbers(3, 8)}, share=0.3, round_to=64)


def test_the_model_itself_stays_as_it_was() -> None:
    module = seeded(Digits)
    module.first.requires_grad_(False)
    before = copy.deepcopy(module.state_dict())
    made = narrowed(module, PIXELS).module.inner
    assert all(torch.equal(module.state_dict()[name], held) for name, held in before.items())
    assert not made.first[0].weight.requires_grad
    assert made.back.weight.requires_grad
