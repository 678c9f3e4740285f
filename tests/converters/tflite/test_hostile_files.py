"""Damaged and hostile TFLite files: each ends in a sentence, and soon."""

import random
import struct
from pathlib import Path

import pytest

from packager.converters.failure import WorkerError
from packager.converters.tflite.checks import check_operators
from packager.converters.tflite.reading import served
from packager.converters.tflite.structure import read_structure
from tests.runtimes.core import tflite_models as models


def read(path: Path) -> None:
    stored = read_structure(path)
    check_operators(stored)
    served(stored)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.tflite"


def test_every_truncation_is_refused(file: Path) -> None:
    model, _ = models.linear()
    for size in range(8, len(model) - 64, 7):
        file.write_bytes(model[:size])
        with pytest.raises(WorkerError):
            read(file)


def test_changed_bytes_are_read_or_refused_and_never_raise_anything_else(file: Path) -> None:
    chance = random.Random(0)
    refused = 0
    for model in (models.image()[0], models.switch()[0], models.recurrent()[0], models.two_signatures()):
        for _ in range(150):
            changed = bytearray(model)
            for _ in range(chance.choice((1, 2, 8))):
                changed[chance.randrange(8, len(changed))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            file.write_bytes(changed)
            try:
                read(file)
            except WorkerError as error:
                refused += 1
                assert error.message
    assert refused > 100


def test_a_vector_longer_than_the_file_is_refused(file: Path) -> None:
    model = bytearray(models.linear()[0])
    refused = 0
    for place in range(8, len(model) - 4, 4):
        changed = bytearray(model)
        changed[place : place + 4] = struct.pack("<I", 0x7FFFFFF0)
        file.write_bytes(changed)
        try:
            read(file)
        except WorkerError as error:
            refused += 1
            assert error.message
    assert refused > 20


def test_an_input_larger_than_any_memory_is_refused(file: Path) -> None:
    file.write_bytes(models.linear(1 << 28)[0])
    with pytest.raises(WorkerError, match=r"X has the shape \[268435456, 2\], which takes 2048 MB"):
        read(file)


def test_random_bytes_behind_the_magic_are_refused(file: Path) -> None:
    chance = random.Random(1)
    for _ in range(50):
        file.write_bytes(chance.randbytes(4) + b"TFL3" + chance.randbytes(400))
        with pytest.raises(WorkerError, match="damaged TFLite file"):
            read(file)
