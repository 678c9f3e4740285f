"""`python -m benchmarks.batch [--quick]`: the job against the usual ways and its floor; writes docs/batch.md.

All ways answer the same rows in turn, each in a process of its own, and must answer alike.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import batch_data, batch_environments, batch_page
from benchmarks.batch_page import Line
from benchmarks.batch_subjects import Answers, Built, Measured, Ways, build, measure
from benchmarks.goals import Row, held_row, limit_row
from packager.cli.session import Spinner

PAGE = Path("docs/batch.md")
FLOOR = ("decode", "run", "own engine", "encode")
FAST = ("this job", "shortest program", *FLOOR, "pandas + scikit-learn", "polars")
SLOW = ("Ray Data, tasks", "Ray Data, actor", "Spark, predict_batch_udf", "Spark, mapInPandas")
OF_FOREST = ("this job", "shortest program", *FLOOR)
SCALES = (0.1, 1, 5, 20)
"""Millions of rows over which the cost per row is to be flat."""
FORMATS = ("rows.csv", "rows.csv.gz", "rows.jsonl", "rows.arrow", "rows.npy")
PEAK_MB = 260
Runs = dict[str, list[Measured]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows and rounds: all of it, or a quick look."""

    rows: int = 5_000_000
    forest_share: int = 500_000
    one_by_one: tuple[int, int] = (2_000, 200)
    of_format: int = 1_000_000
    rounds: int = 6
    slow_rounds: int = 2
    forest_rounds: int = 3
    scale: float = 1.0


QUICK = Sizes(200_000, 20_000, (200, 20), 50_000, 2, 1, 1, 0.02)


class Bench:
    """One run of the benchmark in a folder of its own."""

    def __init__(self, work: Path, sizes: Sizes) -> None:
        self.sizes = sizes
        self._work = work
        self.say = Spinner().said
        self._models = batch_data.learn(work)
        self._tools = {
            name: batch_environments.of_tool(name, self.say) for name in batch_environments.PACKAGES
        }
        self.linear, self.forest = self._built(self._models.linear), self._built(self._models.forest)

    def _built(self, source: Path) -> Built:
        return build(source, self._models.samples, self._work / "dist", self.say)

    def file(self, name: str, write: Callable[[Path], Path]) -> Path:
        """A file of the run, written once."""
        path = self._work / name
        if not path.exists():
            self.say(f"writing {name}")
            write(path)
        return path

    def rows(self, count: int, group: int = batch_data.GROUP) -> Path:
        """A Parquet file of so many rows."""
        name = f"rows-{count}-{group}.parquet"
        return self.file(name, lambda path: batch_data.write_parquet(path, count, group))

    def runs(
        self, built: Built, source: Path, fast: Sequence[str], rounds: int,
        slow: Sequence[str] = (), slow_rounds: int = 0,
    ) -> Runs:  # fmt: skip
        """All ways in turn; what they answer is compared the first time."""
        ways, answers, found = Ways(built, self._tools), Answers(), dict[str, list[Measured]]()
        for number in range(rounds):
            for name in (*fast, *(slow if number < slow_rounds else ())):
                self.say(f"{built.name}, {source.name}: {name}, round {number + 1} of {rounds}")
                compared = number == 0 and name not in FLOOR and len(fast) + len(slow) > 1
                check = answers if compared else None
                found.setdefault(name, []).append(ways.measured(name, source, self._work, check))
        return found

    def bare_reading(self, source: Path) -> Measured:
        """pyarrow alone over a file."""
        script = str(Path(__file__).parent / "batch_ways" / "bare_reading.py")
        return measure([str(self.linear.python), script, str(source)], {})


def main(sizes: Sizes, page: Path | None) -> None:
    """Build, measure, print and write."""
    with tempfile.TemporaryDirectory(prefix="packager-batch-") as folder:
        bench = Bench(Path(folder), sizes)
        whole = bench.rows(sizes.rows)
        linear = bench.runs(bench.linear, whole, FAST, sizes.rounds, SLOW, sizes.slow_rounds)
        forest = bench.runs(bench.forest, whole, OF_FOREST, sizes.forest_rounds)
        share = bench.rows(sizes.forest_share)
        others = ("pandas + scikit-learn", "polars", *SLOW)
        forest_others = bench.runs(bench.forest, share, ("this job", *others), 1)
        tables = [
            batch_page.table(
                "The linear model", _lines(linear, sizes.rows) + _one_by_one(bench, bench.linear, 0)
            ),
            batch_page.table(
                "The forest",
                _lines(forest, sizes.rows)
                + _lines({name: forest_others[name] for name in others}, sizes.forest_share)
                + _one_by_one(bench, bench.forest, 1),
            ),
        ]
        goals = [*_goals("linear model", linear, 0.80), *_goals("forest", forest, 0.95), *_usual(linear)]
        scaled, scale_lines = _scales(bench)
        goals += [*_memory(bench, scaled, forest), _flat(scaled)]
        tables += [batch_page.scales(scale_lines), batch_page.formats(_formats(bench))]
    text = batch_page.page(sizes.rows, batch_environments.versions(), goals, tables)
    print(text)
    if page is not None:
        page.write_text(text, encoding="utf-8")


def floors(runs: Runs, with_start: bool = True) -> list[float]:
    """The processor seconds of each round's floor: decode, the cheaper engine, and encode, by themselves;
    of the program that decodes from its start to its end, or its loop alone."""
    parts = {name: [float(run.said) for run in runs[name]] for name in FLOOR}
    decode = [run.cpu_s for run in runs["decode"]] if with_start else parts["decode"]
    engines = map(min, parts["run"], parts["own engine"])
    return [sum(each) for each in zip(decode, engines, parts["encode"], strict=True)]


def _goals(model: str, runs: Runs, least: float) -> Iterator[Row]:
    ours = [run.cpu_s for run in runs["this job"]]
    of_floor = [floor / mine for floor, mine in zip(floors(runs), ours, strict=True)]
    yield held_row(f"CPU of the floor over this job's, {model}", least, of_floor)
    shortest = [run.cpu_s for run in runs["shortest program"]]
    of_program = [other / mine for other, mine in zip(shortest, ours, strict=True)]
    yield held_row(f"CPU of the shortest program over this job's, {model}", 0.90, of_program)


def _usual(runs: Runs) -> Iterator[Row]:
    for name, least in (("pandas + scikit-learn", 2.4), ("Ray Data, tasks", 7.0), ("Ray Data, actor", 7.0)):
        ratios = [
            other.wall_s / mine.wall_s for other, mine in zip(runs[name], runs["this job"], strict=False)
        ]
        yield held_row(f"wall of {name} over this job's, linear model", least, ratios)


def _lines(runs: Runs, rows: int) -> list[Line]:
    alone = [name for name in runs if name in FLOOR]
    lines = [Line(name, rows, runs[name]) for name in runs if name not in FLOOR]
    lines += [Line(f"{name} alone, its loop", rows, runs[name], _loops(runs[name])) for name in alone]
    if alone:
        lines += [Line("floor", rows, runs["decode"], floors(runs))]
        lines += [Line("floor, loops alone", rows, runs["decode"], floors(runs, with_start=False))]
    return lines


def _loops(runs: list[Measured]) -> list[float]:
    return [float(run.said) for run in runs]


def _one_by_one(bench: Bench, built: Built, which: int) -> list[Line]:
    """Row by row over a few rows: what a row takes is told, and no more."""
    count = bench.sizes.one_by_one[which]
    return _lines(bench.runs(built, bench.rows(count), ("this job", "row by row"), 1), count)[1:]


def _scales(bench: Bench) -> tuple[dict[int, list[Measured]], list[Line]]:
    found: dict[int, list[Measured]] = {}
    for millions in SCALES:
        count = int(millions * 1e6 * bench.sizes.scale)
        rounds = max(1, bench.sizes.rounds // 2)
        found[count] = bench.runs(bench.linear, bench.rows(count), ("this job",), rounds)["this job"]
    return found, [Line(f"{count:,}", count, runs) for count, runs in found.items()]


def _flat(scaled: dict[int, list[Measured]]) -> Row:
    """The largest file's cost of a row over that of one million: start and all."""
    counts = sorted(scaled)
    small, large = ([run.cpu_s / count for run in scaled[count]] for count in (counts[1], counts[-1]))
    ratios = [big / one for big, one in zip(large, small, strict=True)]
    return held_row(f"CPU of a row, of {counts[-1]:,} over of {counts[1]:,}", 1.0, ratios, at_least=False)


def _memory(bench: Bench, scaled: dict[int, list[Measured]], forest: Runs) -> Iterator[Row]:
    """Whatever the file's size and whatever its row groups'."""
    rows = bench.sizes.rows
    yield _peak(f"{rows:,} rows, forest", forest["this job"])
    for count, runs in scaled.items():
        yield _peak(f"{count:,} rows in row groups of {batch_data.GROUP:,}", runs)
    for group in (10_000, rows):
        runs = bench.runs(bench.linear, bench.rows(rows, group), ("this job",), 2)["this job"]
        yield _peak(f"{rows:,} rows in row groups of {group:,}", runs)


def _peak(what: str, runs: list[Measured]) -> Row:
    return limit_row(f"peak memory, {what}", PEAK_MB, "MB", [run.peak_bytes / 1e6 for run in runs])


def _formats(bench: Bench) -> list[tuple[str, int, list[Measured], list[Measured]]]:
    """Each with the job's runs and pyarrow's bare reading, in turn."""
    found = []
    for name in FORMATS:
        count = bench.sizes.of_format
        source = bench.file(name, partial(batch_data.write_other, count=count))
        mine, bare = list[Measured](), list[Measured]()
        for _ in range(max(1, bench.sizes.rounds // 2)):
            mine += bench.runs(bench.linear, source, ("this job",), 1)["this job"]
            bare.append(bench.bare_reading(source))
        found.append((name, count, mine, bare))
    return found


if __name__ == "__main__":
    quick = sys.argv[1:] == ["--quick"]
    main(QUICK if quick else Sizes(), None if quick else PAGE)
