"""A rule names files by patterns, its condition narrows them, and what always ships is never named."""

import pytest
from pydantic import ValidationError

from packager.trimming import Rule, always_ships, declared


def find(*patterns: str, names: tuple[str, ...], when: str = "always") -> set[str]:
    return set(Rule.model_validate({"name": "rule", "files": patterns, "when": when}).find(names))


def test_one_star_stays_in_its_folder_and_two_do_not() -> None:
    names = ("a.pyi", "demo/a.pyi", "demo/deep/a.pyi", "demo/a.py")
    assert find("*.pyi", names=names) == {"a.pyi"}
    assert find("demo/*.pyi", names=names) == {"demo/a.pyi"}
    assert find("**/*.pyi", names=names) == {"a.pyi", "demo/a.pyi", "demo/deep/a.pyi"}
    assert find("demo/**", names=names) == {"demo/a.pyi", "demo/deep/a.pyi", "demo/a.py"}


def test_a_folders_name_is_matched_whole() -> None:
    names = ("demo/tests/a.py", "demo/latests/a.py", "tests/a.py", "demo/tests.py")
    assert find("**/tests/**", names=names) == {"demo/tests/a.py", "tests/a.py"}


def test_letters_with_a_meaning_in_expressions_are_letters() -> None:
    assert find("a+b/[x].txt", names=("a+b/[x].txt", "aab/x.txt")) == {"a+b/[x].txt"}


def test_sources_are_named_only_where_their_byte_code_is() -> None:
    names = ("demo/a.py", "demo/a.pyc", "demo/b.py", "demo/__pycache__/b.cpython-313.pyc")
    assert find("**/*.py", names=names, when="byte-code") == {"demo/a.py"}


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json", "model/model.onnx", "lib/libonnxruntime.so.1", "runtimes/core/predictor.pyc",
        "numpy.libs/libopenblas.so", "demo-1.0.dist-info/METADATA", "demo-1.0.dist-info/entry_points.txt",
        "demo-1.0.dist-info/licenses/LICENSE", "demo/LICENSE.md", "demo/tests/NOTICE",
    ],
)  # fmt: skip
def test_no_rule_names_what_always_ships(name: str) -> None:
    assert always_ships(name)
    assert find("**", names=(name,)) == set()


def test_every_declared_rule_has_its_own_name_and_a_reason() -> None:
    names = [rule.name for rule in declared()]
    assert len(set(names)) == len(names)
    assert all(rule.reason != Rule.model_fields["reason"].default for rule in declared())


def test_a_rule_without_patterns_is_refused() -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"name": "nothing", "files": []})
