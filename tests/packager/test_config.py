"""packager.toml and the flags over it: what is refused, and with which words."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from packager import config
from packager.errors import ConfigError
from packager.targets.aws_lambda.target import AwsLambda


def write(folder: Path, text: str) -> Path:
    path = folder / "packager.toml"
    path.write_text(text)
    return path


def test_a_model_alone_is_enough() -> None:
    found = config.load(None, {"model": Path("models/my model.v2.joblib")})
    assert found.name == "my-model"
    assert [target.folder for target in found.targets] == ["lambda"]


def test_flags_override_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'model = "a.onnx"\nname = "one"\n[[target]]\nkind = "lambda"\nmemory_mb = 512\n')
    found = config.load(path, {"name": "two"}, {"arch": "arm64"})
    (target,) = found.targets
    assert isinstance(target, AwsLambda)
    assert (found.name, target.arch, target.memory_mb) == ("two", "arm64", 512)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "y.npy").write_bytes(b"")
    path = write(tmp_path, 'model = "a.onnx"\nsamples = "rows.csv"\nlabels = "y.npy"\noutput = "out"\n')
    found = config.load(path, {})
    assert (found.model, found.samples, found.output) == (
        tmp_path / "a.onnx",
        tmp_path / "rows.csv",
        tmp_path / "out",
    )
    assert found.labels == str(tmp_path / "y.npy")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "a"\nsample = "x.csv"\n', "has no option 'sample'"),
        ('model = "a"\n[[target]]\nkind = "lambda"\nmemory = 5\n', r"has no option 'target\[0\]\.memory'"),
        ('model = "a"\n[[target]]\nkind = "lambda"\nmemory_mb = 64\n', r"target\[0\]\.memory_mb is 64"),
        ('model = "a"\n[[target]]\nkind = "lamda"\n', "there is no target 'lamda'"),
        ('model = "a"\ntarget = "lambda"\n', r"write it|target is 'lambda'"),
        ('model = "a"\ntolerance = -1\n', "tolerance is -1"),
        ('model = "a"\ntolerance = nan\n', "tolerance is nan"),
        ('model = "a"\nname = "a b"\n', "name is 'a b'"),
        ('model = "a"\nname = "../x"\n', "name is '../x'"),
        (
            'model = "a"\ntorch_model = "os.system"\n',
            "torch_model is 'os.system': it must be written like module:factory",
        ),
        (
            'model = "a"\n' + '[[target]]\nkind = "edge"\ndevice = "linux-x86_64"\n' * 2,
            "two tables for the target",
        ),
        ('model = "a"\nrows = 0\n', "rows is 0"),
        ("model = \n", "not valid TOML"),
        ('name = "a"\n', "no model is named"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config.load(write(tmp_path, text), {})


def test_a_typo_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, 'model = "a"\nsample = "x.csv"\n'), {})
    assert caught.value.hint == "did you mean 'samples'?"


def test_a_missing_file_is_said() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        config.load(Path("nowhere.toml"), {})


def test_the_starter_is_a_configuration_even_with_every_comment_taken_away(tmp_path: Path) -> None:
    text = config.starter(Path("m.joblib")).decode()
    assert config.load(write(tmp_path, text), {}).model == tmp_path / "m.joblib"
    lines = [line.removeprefix("# ") if _is_setting(line) else line for line in text.splitlines()]
    every = config.load(write(tmp_path, "\n".join(lines)), {})
    assert every.samples == tmp_path / "rows.csv"
    names = {name for name in config.Configuration.model_fields if name not in ("model", "target")}
    assert names <= set(tomllib.loads("\n".join(lines)))


def _is_setting(line: str) -> bool:
    return re.fullmatch(r"# \[+[\w.]+\]+", line) is not None or (
        line.startswith("# ")
        and " = " in line
        and line[2].islower()
        and line.split(" = ", maxsplit=1)[0][2:].isidentifier()
    )


def search(tmp_path: Path, text: str, **flags: Any) -> config.Configuration:
    """A build with samples, and what stands in `[optimize]`."""
    head = 'model = "a.onnx"\nsamples = "rows.csv"\n'
    return config.load(write(tmp_path, head + text), {}, optimize=flags or None)


def test_a_build_without_the_table_searches_nothing(tmp_path: Path) -> None:
    assert search(tmp_path, "").optimize is None


def test_a_search_has_a_budget_also_where_none_is_named(tmp_path: Path) -> None:
    found = search(tmp_path, "", objective="size").optimize
    assert found is not None
    assert (found.objective, found.budget) == ("size", "0.5%")


def test_flags_of_a_search_are_laid_over_its_table(tmp_path: Path) -> None:
    found = search(tmp_path, "[optimize]\nmax_drop = 0.01\nmax_trials = 7\n", max_drop="2%").optimize
    assert found is not None
    assert (found.max_drop, found.max_trials) == ("2%", 7)


def test_named_passes_keep_their_order_and_have_no_budget_of_their_own(tmp_path: Path) -> None:
    one, other = 'kind = "prune-magnitude"', 'kind = "static_int8"\nper_channel = false'
    text = f"[[optimize.passes]]\n{one}\n[[optimize.passes]]\n{other}\n"
    found = search(tmp_path, text).optimize
    assert found is not None
    assert [one.kind for one in found.passes] == ["prune_magnitude", "static_int8"]
    assert found.budget is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[optimize]\nmax_drop = "little"\n',
            "optimize.max_drop is 'little': it must be written like 0.5% or 0.005",
        ),
        ("[optimize]\nmax_drops = 1\n", "has no option 'optimize.max_drops'"),
        (
            '[optimize]\nobjective = "speed"\n',
            "optimize.objective is 'speed': it must be 'size', 'latency' or 'cost'",
        ),
        ('optimize = "size"\n', "optimize is 'size'"),
        ('[[optimize.passes]]\nkind = "static_int9"\n', "there is no pass 'static_int9'"),
        ("[[optimize.passes]]\nper_channel = true\n", r"optimize.passes\[0\] has no 'kind'"),
        (
            '[[optimize.passes]]\nkind = "static_int8"\nper_chanel = true\n',
            r"has no option 'optimize.passes\[0\].per_chanel'",
        ),
        ("min_accuracy = 0.9\n", "min_accuracy is 0.9, and there are no labelled rows to score"),
    ],
)
def test_a_wrong_field_of_a_search_is_named_with_its_value(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        search(tmp_path, text)


def test_a_least_accuracy_in_a_metric_that_knows_no_labels_is_refused() -> None:
    asked = {"model": "a.onnx", "samples": "x.csv", "labels": "y", "min_accuracy": 0.9, "metric": "cosine"}
    with pytest.raises(ConfigError, match="cosine compares with the source, not the labels"):
        config.load(None, asked)


def test_a_budget_without_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a drop of at most 1% needs rows .* and there are no samples"):
        config.load(None, {"model": "a.onnx"}, optimize={"max_drop": "1%"})
    with pytest.raises(ConfigError, match="the pass static_int8 needs rows"):
        config.load(None, {"model": "a.onnx"}, optimize={"passes": [{"kind": "static_int8"}]})
    alone = config.load(None, {"model": "a.onnx"}, optimize={"passes": [{"kind": "float16"}]})
    assert alone.optimize is not None


def test_the_published_schema_is_the_one_of_the_classes() -> None:
    published = json.loads(Path("docs/packager.schema.json").read_text())
    assert published == config.schema(), "write it again: packager schema > docs/packager.schema.json"


def test_the_schema_knows_every_option() -> None:
    schema: dict[str, Any] = config.schema()
    assert set(schema["properties"]) == set(config.Configuration.model_fields)
    assert schema["additionalProperties"] is False
