"""No name or text of a user breaks the C, or means something else there."""

import pytest

from packager.firmware.naming import comment, member_of, prefix_of, quoted, word_of


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("iris", "iris"),
        ("my-model 2", "my_model_2"),
        ("2fast", "model_2fast"),
        ("int", "model_int"),
        ("Class", "model_Class"),
        ("math", "model_math"),
        ("stdint", "model_stdint"),
        ("_start", "start"),
        ("Köln", "Koln"),
        ("模型", "model"),
        ("", "model"),
        ('a";system("x', "a_system_x"),
    ],
)
def test_a_prefix_is_an_identifier_and_no_header_of_the_library(name: str, prefix: str) -> None:
    assert prefix_of(name) == prefix


def test_members_are_told_apart() -> None:
    taken: set[str] = set()
    assert [member_of(name, taken, "input") for name in ("a b", "A-b", "for", "1st", "€", "NAN")] == [
        "a_b", "a_b_2", "input_for", "input_1st", "input", "nan",
    ]  # fmt: skip


def test_a_comment_ends_where_its_writer_ends_it() -> None:
    found = comment("a */ int x; /* b \\\n???/ /*/ \u202e")
    assert "*/" not in found and "/*" not in found and "\\" not in found and "??" not in found
    assert found.isprintable()


def test_a_string_literal_is_its_bytes_alone() -> None:
    assert quoted('a"\\?\n') == '"a\\"\\\\\\?\\012"'
    assert quoted("é1") == '"\\303\\2511"'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<=50K", "le_50K"),
        (">50K", "gt_50K"),
        ("-1", "minus_1"),
        ("1", "1"),
        ("?", "text"),
        ("a&b", "a_and_b"),
    ],
)
def test_signs_that_tell_texts_apart_are_words(text: str, word: str) -> None:
    assert word_of(text) == word
