"""The report's two files: what stands in them, and what is said of that which was not measured."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from packager.errors import ConfigError
from packager.html_report.page import answer, write
from packager.html_report.reading import read_subjects
from tests.packager.html_report import made


def test_the_same_figures_give_the_same_bytes(tmp_path: Path) -> None:
    subjects = read_subjects([made.measured_artifact(tmp_path)])
    pages = [write(subjects, tmp_path / name / "report.html") for name in ("one", "two")]
    assert pages[0].html.read_bytes() == pages[1].html.read_bytes()
    assert pages[0].figures.read_bytes() == pages[1].figures.read_bytes()


def test_the_summary_says_it_in_plain_words(tmp_path: Path) -> None:
    written = write(read_subjects([made.measured_artifact(tmp_path)]), tmp_path / "report.html")
    sentence = "15.4 MB zip, starts in 47.0 ms, answers in 0.043 ms, 0 label flips in 256 rows."
    assert written.sentences == (f"iris: {sentence}",)
    assert sentence in written.html.read_text()


def test_the_file_is_small_and_one(tmp_path: Path) -> None:
    written = write(read_subjects([made.measured_artifact(tmp_path)]), tmp_path / "report.html")
    page = written.html.read_text()
    assert len(page) < 500_000
    assert not re.search(r"""<(script|link|img|iframe|object)|\ssrc=|url\(|@import|href=["'](?!#)""", page)
    addresses = set(re.findall(r"https?://[^\"'\s<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_what_is_not_measured_has_no_chart_and_says_which_command_measures_it(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path / "a folder")
    written = write(read_subjects([artifact]), tmp_path / "report.html")
    page = written.html.read_text()
    assert page.count("<svg") == 2 * 2
    assert 'id="cold-0-title"' not in page
    assert "starts in" not in page
    folder = artifact.parent
    assert written.missing == (
        "packager optimize MODEL --name iris --samples FILE",
        f"packager explain-size '{artifact}' --save '{folder}/sizes.json'",
        f"packager bench '{artifact}' --save '{folder}/bench.json'",
        f"packager tune '{artifact}' --save '{folder}/tune.json'",
    )
    assert page.count(f"packager bench &#39;{artifact}&#39;") == 2


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()
    with pytest.raises(ConfigError, match=r"cannot be written to .*report\.html: "):
        write(read_subjects([made.artifact(tmp_path)]), tmp_path / "rows.csv" / "report.html")


def test_an_artifact_of_which_nothing_can_be_left_out_is_explained(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    made.save(replace(made.sizes(), cuts=()), artifact.parent / "sizes.json")
    written = write(read_subjects([artifact]), tmp_path / "report.html")
    assert not [command for command in written.missing if "explain-size" in command]


def test_an_unstable_measurement_is_marked_and_gets_no_verdict(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    found = made.bench(against=made.benchmark("naive", 424.0), stable=False)
    made.save(found, artifact.parent / "bench.json")
    written = write(read_subjects([artifact]), tmp_path / "report.html")
    page = written.html.read_text()
    assert "starts in 47.0 ms (unstable)" in written.sentences[0]
    assert "The cold start of iris is unstable" in page
    assert "The warm latency of iris is unstable" in page
    assert "The cold start of naive is unstable" not in page
    assert "none: unstable" in page
    assert "first answer after 47.0 ms (unstable)" in page


def test_artifacts_that_were_measured_apart_are_not_compared(tmp_path: Path) -> None:
    artifacts = [made.measured_artifact(tmp_path, name) for name in ("one", "other")]
    page = write(read_subjects(artifacts), tmp_path / "both.html").html.read_text()
    alone = write(read_subjects(artifacts[:1]), tmp_path / "alone.html").html.read_text()
    assert "They were not measured in turn" in page
    assert "They were not measured in turn" not in alone


def test_the_json_holds_every_figure_as_it_was_measured(tmp_path: Path) -> None:
    artifact = made.measured_artifact(tmp_path)
    written = write(read_subjects([artifact]), tmp_path / "report.html")
    (found,) = json.loads(written.figures.read_bytes())["artifacts"]
    for name in ("bench", "tune", "sizes"):
        assert found[name] == json.loads((artifact.parent / f"{name}.json").read_bytes())
    assert found["built"]["verification"]["rows"] == 256
    assert answer(written)["written"] == {"html": str(written.html), "figures": str(written.figures)}


def test_extreme_figures_are_drawn_too(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    still = replace(made.distribution(0.0), deviation=0.0)
    one = made.benchmark()
    flat = replace(one.cold, total_ms=still, parts_ms=dict.fromkeys(one.cold.parts_ms, 0.0))
    lone = replace(one.warm, latency_ms=replace(still, count=1), engine_run_ms=None, histogram=((0.0, 1),))
    made.save(
        replace(made.bench(), measured=(replace(one, cold=flat, warm=lone),)), artifact.parent / "bench.json"
    )
    tune = made.tuning()
    lost = tuple(replace(point, out_of_memory=True) for point in tune.points[:1])
    made.save(replace(tune, points=lost, choices=()), artifact.parent / "tune.json")
    nothing = replace(made.sizes(), shares=(), room=(), cuts=(), files=0, zipped_bytes=0, unzipped_bytes=0)
    made.save(nothing, artifact.parent / "sizes.json")
    page = write(read_subjects([artifact]), tmp_path / "report.html").html.read_text()
    assert "NaN" not in page
    assert "first answer after 0.0 ms" in page


def test_marks_that_xml_cannot_hold_are_replaced(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    made.save(made.sizes("bell\x07", "half\ufffe"), artifact.parent / "sizes.json")
    page = write(read_subjects([artifact]), tmp_path / "report.html").html.read_text()
    for drawing in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ElementTree.fromstring(drawing)
    assert "bell\ufffd" in page


@pytest.mark.parametrize("name", ["report", "report.json", "report.txt", "."])
def test_refuses_a_name_that_is_no_html_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it is an HTML file"):
        write(read_subjects([made.artifact(tmp_path)]), Path(name) if name == "." else tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist"]


def test_leaves_no_half_of_a_report_behind(tmp_path: Path) -> None:
    subjects = read_subjects([made.artifact(tmp_path)])
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ConfigError, match=r"report\.json: a folder is there"):
        write(subjects, tmp_path / "report.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "report.json"]


def test_without_the_plotting_library_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    artifact = made.measured_artifact(tmp_path)
    code = (
        "import sys\nsys.modules['vl_convert'] = None\nfrom packager.cli import run\n"
        f"sys.exit(run(['report', {str(artifact)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 11
    assert "drawn by vl-convert-python, which is not installed" in done.stderr
    assert "pip install '.[report]'" in done.stderr
    assert not (tmp_path / "report.html").exists()
