"""A graph gets the smallest release that is for its operators, else the newest one, or the pinned one."""

from dataclasses import replace

import pytest

from packager.dependencies.onnx_needs import OnnxNeeds
from packager.dependencies.release import choose_release, onnx_limits
from packager.errors import ConfigError
from packager.layout import Arch
from packager.targets.aws_lambda import quotas

PLATFORM = quotas.runtimes()["python3.13"].platform("x86_64")
NET = OnnxNeeds(18, 0, 10, frozenset({"Conv", "Relu", "Gemm"}), floats=True)


def test_a_net_of_plain_operators_gets_the_smaller_release() -> None:
    chosen = choose_release(PLATFORM, NET)
    assert chosen.engine.version == "1.20.1"
    assert chosen.why == "the smallest release that is for all 3 operators of the graph"


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        (replace(NET, operators=NET.operators | {"Gather"}), "1.20.1 is not for Gather"),
        (
            replace(NET, operators=frozenset({"MaxPool with ceil_mode"})),
            "1.20.1 is not for MaxPool with ceil_mode",
        ),
        (replace(NET, operators=frozenset("ABCD")), "1.20.1 is not for A, B, C and others"),
        (replace(NET, floats=False), "1.20.1 is for inputs of floating point numbers alone"),
        (replace(NET, opset=22), "1.20.1 reads opsets up to 21, and the graph has 22"),
        (replace(NET, ml_opset=6), "1.20.1 reads opsets of ai.onnx.ml up to 5, and the graph has 6"),
        (replace(NET, ir_version=11), "1.20.1 reads IR versions up to 10, and the graph has 11"),
    ],
)
def test_any_other_graph_gets_the_newest_and_the_reason(needs: OnnxNeeds, why: str) -> None:
    chosen = choose_release(PLATFORM, needs)
    assert chosen.engine.version == "1.31.1"
    assert chosen.why == f"the newest release for this platform: {why}"


def test_many_rows_are_for_the_newest_release_or_the_one_that_is_asked_for() -> None:
    assert choose_release(PLATFORM, NET, favour="throughput").engine.version == "1.31.1"
    assert choose_release(PLATFORM, NET, "1.20.1", "throughput").engine.version == "1.20.1"


@pytest.mark.parametrize(("runtime", "version"), [("python3.13", "1.31.1"), ("python3.11", "1.23.2")])
def test_arm64_gets_the_newest_that_loads_there(runtime: str, version: str) -> None:
    chosen = choose_release(quotas.runtimes()[runtime].platform("arm64"), NET)
    assert chosen.engine.version == version
    assert chosen.why == "the newest release for this platform: no smaller one is for this platform"


def test_the_smaller_release_is_for_the_older_system_as_well() -> None:
    assert choose_release(quotas.runtimes()["python3.11"].platform("x86_64"), NET).engine.version == "1.20.1"


@pytest.mark.parametrize("version", ["1.31.1", "1.23.2", "1.20.1"])
def test_a_pinned_release_is_taken(version: str) -> None:
    chosen = choose_release(PLATFORM, NET, version)
    assert (chosen.engine.version, chosen.why) == (version, "asked for")
    assert onnx_limits(PLATFORM, version) == chosen.engine.takes


def test_a_pinned_release_that_cannot_read_the_graph_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"ONNX Runtime 1\.20\.1 reads opsets up to 21, and the graph has 23"
    ):
        choose_release(PLATFORM, replace(NET, opset=23), "1.20.1")


@pytest.mark.parametrize(
    ("version", "runtime", "arch", "message"),
    [
        (
            "1.31.0",
            "python3.13",
            "x86_64",
            r"no engine release '1\.31\.0'; there are 1\.20\.1, 1\.23\.2, 1\.31\.1",
        ),
        ("2.3.0", "python3.13", "x86_64", r"no engine release '2\.3\.0'"),
        ("1.31.1", "python3.11", "x86_64", r"1\.31\.1 is not for glibc 2\.26 on x86_64"),
        ("1.20.1", "python3.13", "arm64", r"1\.20\.1 is not for glibc 2\.34 on arm64"),
    ],
)
def test_a_release_that_is_not_for_the_platform_is_refused_before_anything_is_converted(
    version: str, runtime: str, arch: Arch, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        onnx_limits(quotas.runtimes()[runtime].platform(arch), version)


@pytest.mark.parametrize(
    ("runtime", "version", "way_on"),
    [
        ("python3.11", "auto", "python3.12"),
        ("python3.11", "1.23.2", "python3.12"),
        ("python3.13", "1.23.2", "leave engine_version out, or name 1.31.1"),
        ("python3.13", "1.20.1", "leave engine_version out, or name 1.31.1"),
    ],
)
def test_layers_in_int8_are_refused_where_some_processors_compute_them_otherwise(
    runtime: str, version: str, way_on: str
) -> None:
    net = replace(NET, operators=NET.operators | {"QuantizeLinear", "DequantizeLinear"})
    with pytest.raises(
        ConfigError, match=r"computes QuantizeLinear otherwise on some processors of x86_64"
    ) as caught:
        choose_release(quotas.runtimes()[runtime].platform("x86_64"), net, version)
    assert caught.value.hint is not None and way_on in caught.value.hint


def test_layers_in_int8_get_the_newest_release_or_any_on_arm64() -> None:
    net = replace(NET, operators=NET.operators | {"QuantizeLinear", "DequantizeLinear"})
    assert choose_release(PLATFORM, net).engine.version == "1.31.1"
    assert choose_release(quotas.runtimes()["python3.11"].platform("arm64"), net).engine.version == "1.23.2"


def test_weights_that_are_floats_again_when_a_model_opens_are_no_layers_in_int8() -> None:
    net = replace(NET, operators=NET.operators | {"DequantizeLinear"})
    assert choose_release(quotas.runtimes()["python3.11"].platform("x86_64"), net).engine.version == "1.23.2"
