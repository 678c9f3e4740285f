"""A build says what grew since the previous one of the same name, and nothing where nothing did."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from packager.bundle import PartSize, WrittenArchive
from packager.sizes import growth

BEFORE = WrittenArchive(
    Path("dist/iris/lambda/function.zip"),
    15_000_000,
    40_000_000,
    "0" * 64,
    (
        PartSize("fastapi", 400_000, 800_000),
        PartSize("lib/libonnxruntime.so.1", 11_000_000, 29_000_000),
        PartSize("old", 7_000, 9_000),
    ),
)


def record(folder: Path, *archives: WrittenArchive) -> Path:
    place = folder / "build.json"
    place.write_text(json.dumps({"archives": [asdict(archive) for archive in archives]}, default=str))
    return place


def test_names_the_parts_that_grew_most_first(tmp_path: Path) -> None:
    parts = (PartSize("fastapi", 500_000, 800_000), PartSize("lib/libonnxruntime.so.1", 12_100_000, 0))
    now = replace(BEFORE, size_bytes=16_200_000, parts=parts)
    assert growth(record(tmp_path, BEFORE), [now]) == (
        "function.zip grew by 1.2 MB (8%): lib/libonnxruntime.so.1 +1.1 MB, fastapi +100.0 kB, old -7.0 kB",
    )


def test_says_what_shrank(tmp_path: Path) -> None:
    now = replace(BEFORE, size_bytes=14_993_000, parts=BEFORE.parts[:2])
    assert growth(record(tmp_path, BEFORE), [now]) == ("function.zip shrank by 7.0 kB (0%): old -7.0 kB",)


def test_says_nothing_where_nothing_grew(tmp_path: Path) -> None:
    assert growth(record(tmp_path, BEFORE), [BEFORE]) == ()


def test_says_nothing_without_a_record_that_is_ours(tmp_path: Path) -> None:
    assert growth(tmp_path / "build.json", [BEFORE]) == ()
    for text in ("no json", "[]", '{"archives": [{"path": 1}]}', '{"archives": null}'):
        (tmp_path / "build.json").write_text(text)
        assert growth(tmp_path / "build.json", [BEFORE]) == ()


def test_an_archive_of_another_name_is_not_compared(tmp_path: Path) -> None:
    other = replace(BEFORE, path=Path("dist/iris/edge/bundle.tar.gz"), size_bytes=1)
    assert growth(record(tmp_path, BEFORE), [other]) == ()
