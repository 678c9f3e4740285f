"""The rows that the suite asks its models: published ones with their truth, or made ones of the real kind."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from packager import tools
from packager.suite import published
from packager.suite.published import Rows

Array = npt.NDArray[Any]
SEED = 0
_SIDE = 28
"""Pixels of a digit, each way."""


@dataclass(frozen=True, slots=True)
class Made:
    """Files as a build takes them, and what they are in a few words."""

    samples: Path
    labels: Path | None
    what: str


def make(rows: Rows, model: Path, folder: Path, say: tools.Progress = tools.silent) -> Made:
    """Write the rows of a model into ``folder``; the same ones each time."""
    inputs, labels, what = _MAKERS[rows.kind](_Asked(rows, model, np.random.default_rng(SEED), say))
    samples = folder / "samples.npz" if rows.input else folder / "samples.npy"
    if rows.input:
        arrays: dict[str, Any] = {rows.input: inputs}
        np.savez(samples, **arrays)
    else:
        np.save(samples, inputs)
    if labels is None:
        return Made(samples, None, what)
    np.save(folder / "labels.npy", labels)
    return Made(samples, folder / "labels.npy", what)


_Rows = tuple[Array, Array | None, str]


@dataclass(frozen=True, slots=True)
class _Asked:
    rows: Rows
    model: Path
    rng: np.random.Generator
    say: tools.Progress


def _digits(asked: _Asked) -> _Rows:
    pixels, labels = _read_digits(asked.say)
    drawn = asked.rng.choice(len(pixels), asked.rows.count, replace=False)
    return pixels[drawn][:, None], labels[drawn], "digits of MNIST"


def _read_digits(say: tools.Progress) -> tuple[Array, Array]:
    file = published.fetch(published.data("digits"), say)
    table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return table[:, :-1].reshape(-1, _SIDE, _SIDE), table[:, -1].astype(np.int64)


def _lines(asked: _Asked) -> _Rows:
    """Digits in a row, dark on white, every other line upside down."""
    pixels, _ = _read_digits(asked.say)
    channels, height, width = asked.rows.shape
    lines = np.ones((asked.rows.count, height, width), dtype=np.float32)
    top = (height - _SIDE) // 2
    for at in range(asked.rows.count):
        digits = pixels[asked.rng.integers(0, len(pixels), width // _SIDE)]
        lines[at, top : top + _SIDE, : width // _SIDE * _SIDE] -= np.concatenate(list(digits), axis=1) / 255
    lines[::2] = lines[::2, ::-1, ::-1]
    inputs = np.repeat((2 * lines - 1)[:, None], channels, axis=1)
    return inputs, None, "lines of digits of MNIST, half of them upside down"


def _tones(asked: _Asked) -> _Rows:
    """Notes with overtones that fade, over a little noise."""
    count, length = asked.rows.count, asked.rows.shape[0]
    time_s = np.arange(length) / 22_050
    sounds = asked.rng.normal(0, 0.003, (count, length))
    for sound in sounds:
        for _ in range(int(asked.rng.integers(1, 6))):
            pitch, start = 55 * 2 ** (asked.rng.integers(0, 49) / 12), asked.rng.uniform(0, 0.8 * time_s[-1])
            fading = np.exp(-3 * np.clip(time_s - start, 0, None)) * (time_s >= start)
            for number in range(1, 5):
                sound[:] += 0.2 / number * fading * np.sin(2 * np.pi * pitch * number * (time_s - start))
    return sounds.reshape(count, *asked.rows.shape).astype(np.float32), None, "made tones"


def _series(asked: _Asked) -> _Rows:
    """Figures that change a little from step to step, each of mean 0 and deviation 1."""
    steps = asked.rng.normal(size=(asked.rows.count, *asked.rows.shape))
    series = np.empty_like(steps)
    series[:, 0] = steps[:, 0]
    for at in range(1, steps.shape[1]):
        series[:, at] = 0.9 * series[:, at - 1] + np.sqrt(1 - 0.9**2) * steps[:, at]
    return series.astype(np.float32), None, "made series"


def _pictures(asked: _Asked) -> _Rows:
    """Soft shapes in colour, from 0 to 1."""
    height, width, channels = asked.rows.shape
    coarse = asked.rng.random((asked.rows.count, 6, 6, channels))
    down, across = (np.linspace(0, 5, size) for size in (height, width))
    top, left = (np.minimum(place.astype(int), 4) for place in (down, across))
    below, right = (down - top)[None, :, None, None], (across - left)[None, None, :, None]
    upper = coarse[:, top][:, :, left] * (1 - right) + coarse[:, top][:, :, left + 1] * right
    lower = coarse[:, top + 1][:, :, left] * (1 - right) + coarse[:, top + 1][:, :, left + 1] * right
    return (upper * (1 - below) + lower * below).astype(np.float32), None, "made pictures"


def _ranges(asked: _Asked) -> _Rows:
    made = asked.rng.uniform(asked.rows.low, asked.rows.high, (asked.rows.count, len(asked.rows.low)))
    return made.astype(np.float32), None, "rows made within the ranges of the model's thresholds"


def _seen_ranges(asked: _Asked) -> _Rows:
    """LightGBM writes down between what values each feature lay when it was trained."""
    text = asked.model.read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith("feature_infos="))
    bounds = [part.strip("[]").split(":") for part in line.partition("=")[2].split()]
    low, high = (np.array([float(pair[at]) for pair in bounds]) for at in (0, 1))
    middle, deviation = (low + high) / 2, (high - low) / 5
    made = np.clip(asked.rng.normal(middle, deviation, (asked.rows.count, len(low))), low, high)
    return made, None, "rows made within the ranges that the model was trained on"


_MAKERS: dict[str, Callable[[_Asked], _Rows]] = {
    "digits": _digits,
    "lines": _lines,
    "tones": _tones,
    "series": _series,
    "pictures": _pictures,
    "ranges": _ranges,
    "seen_ranges": _seen_ranges,
}
