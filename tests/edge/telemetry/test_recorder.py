"""``Telemetry``: counts of many threads, summaries at intervals, and no failure that reaches a request."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edge.telemetry import Telemetry, clock
from edge.telemetry.recorder import find_number
from edge.telemetry.samples import Samples
from tests.edge.telemetry.summaries import spooled

NEVER = 1e9


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_what_was_recorded_is_summarised(tmp_path: Path) -> None:
    with Telemetry(tmp_path, interval_s=NEVER, device="gate 7") as telemetry:
        telemetry.serves("iris", "1f3a", "raspberry-pi-4", None)
        telemetry.record(2.0, 3, None)
        telemetry.record(4.0, 0, "invalid_input")
        telemetry.refuse("invalid_input")
    (found,) = spooled(tmp_path)
    assert (found["requests"], found["rows"], found["errors"]) == (2, 3, {"invalid_input": 2})
    assert found["device"] == {"name": "gate 7", "profile": "raspberry-pi-4"}
    assert found["model"] == {"name": "iris", "version": "1f3a", "number": None}
    assert found["latency"]["total_ns"] == 6_000_000
    assert found["memory_peak_bytes"] > 1_000_000
    assert found["clock"]["status"] == "steady"
    assert "samples" not in found


def test_a_summary_is_written_at_each_interval_without_a_request_waiting_for_it(tmp_path: Path) -> None:
    telemetry = Telemetry(tmp_path, interval_s=0.02)
    ends = time.monotonic() + 20
    while len(list(tmp_path.glob("*.summary.json"))) < 3 and time.monotonic() < ends:
        telemetry.record(1.0, 1, None)
        time.sleep(0.002)
    telemetry.close()
    found = spooled(tmp_path)
    assert len(found) >= 3
    assert [document["id"].split("-")[1] for document in found] == [str(n) for n in range(1, len(found) + 1)]


def test_an_interval_without_requests_writes_nothing(tmp_path: Path) -> None:
    Telemetry(tmp_path / "spool", interval_s=NEVER).close()
    assert not (tmp_path / "spool").exists()


def test_threads_lose_no_count(tmp_path: Path) -> None:
    telemetry = Telemetry(tmp_path, interval_s=0.01)

    def work() -> None:
        for _ in range(2_000):
            telemetry.record(0.5, 2, None)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    telemetry.close()
    assert sum(document["requests"] for document in spooled(tmp_path)) == 16_000
    assert sum(document["rows"] for document in spooled(tmp_path)) == 32_000


def test_the_end_of_a_program_writes_what_is_left(tmp_path: Path) -> None:
    code = (
        "import sys; from edge.telemetry import Telemetry; t = Telemetry(sys.argv[1]); t.record(1.0, 1, None)"
    )
    assert run(code, tmp_path).returncode == 0
    assert [document["requests"] for document in spooled(tmp_path)] == [1]


def test_the_child_of_a_fork_counts_its_own_requests_alone(tmp_path: Path) -> None:
    code = (
        "import os, sys; from edge.telemetry import Telemetry\n"
        "t = Telemetry(sys.argv[1], interval_s=0.05)\n"
        "for _ in range(10): t.record(1.0, 1, None)\n"
        "if os.fork() == 0:\n"
        "    for _ in range(3): t.record(1.0, 1, None)\n"
        "    sys.exit()\n"
        "os.wait()"
    )
    ended = run(code, tmp_path)
    assert ended.returncode == 0, ended.stderr
    by_run: dict[str, int] = {}
    for document in spooled(tmp_path):
        name = document["id"].split("-")[0]
        by_run[name] = by_run.get(name, 0) + document["requests"]
    assert sorted(by_run.values()) == [3, 10]


def test_a_kill_loses_the_running_interval_at_most(tmp_path: Path) -> None:
    code = (
        "import sys; from edge.telemetry import Telemetry\n"
        "t = Telemetry(sys.argv[1], interval_s=1e9)\n"
        "for n in range(1, 1000000):\n"
        "    t.record(1.0, 1, None)\n"
        "    if n % 10 == 0 and t.flush(): print(n, flush=True)"
    )
    for turn in range(5):
        spool = tmp_path / str(turn)
        with subprocess.Popen([sys.executable, "-c", code, str(spool)], stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            said = [program.stdout.readline()]
            time.sleep(0.01 * turn)
            program.send_signal(signal.SIGKILL)
            said += program.stdout.read().splitlines()
        told = max(int(line) for line in said if line.strip())
        assert told <= sum(document["requests"] for document in spooled(spool)) <= told + 10


@pytest.mark.parametrize("place", ["file", "limit"])
def test_what_cannot_be_written_stays_in_memory_until_it_can(place: str, tmp_path: Path) -> None:
    """A file in the folder's place, and a limit on files, which root has to keep to as well."""
    code = (
        "import os, resource, sys; from edge.telemetry import Telemetry\n"
        "spool, place = sys.argv[1:]\n"
        "t = Telemetry(spool, interval_s=1e9)\n"
        "if place == 'file': open(spool, 'w').close()\n"
        "else: resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))\n"
        "for _ in range(3):\n"
        "    t.record(1.0, 1, None); t.serves('m', 'v')\n"
        "    assert not t.flush()\n"
        "if place == 'file': os.unlink(spool)\n"
        "else: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "t.record(1.0, 1, None)\n"
        "assert t.flush()"
    )
    ended = run(code, tmp_path / "spool", place)
    assert ended.returncode == 0, ended.stderr
    (found,) = spooled(tmp_path / "spool")
    assert (found["requests"], found["lost"]) == (4, {"dropped": 0, "unwritten": 4})


def test_another_model_gets_a_summary_of_its_own(tmp_path: Path) -> None:
    with Telemetry(tmp_path, interval_s=NEVER) as telemetry:
        telemetry.serves("iris", "1")
        telemetry.record(1.0, 1, None)
        telemetry.serves("iris", "1")
        telemetry.record(1.0, 1, None)
        telemetry.serves("iris", "2")
        telemetry.record(1.0, 1, None)
    assert [(one["model"]["version"], one["requests"]) for one in spooled(tmp_path)] == [("1", 2), ("2", 1)]


def test_the_number_of_a_release_is_known_in_a_slot(tmp_path: Path) -> None:
    (tmp_path / "slots/a").mkdir(parents=True)
    (tmp_path / "slots/b").mkdir()
    (tmp_path / "current").symlink_to("slots/a")
    (tmp_path / "state.json").write_text(
        '{"good": {"slot": "a", "number": 6}, "trial": {"slot": "b", "number": 7}}'
    )
    assert find_number(str(tmp_path / "current")) == 6
    assert find_number(str(tmp_path / "slots/b")) == 7
    assert find_number(str(tmp_path)) is None
    (tmp_path / "state.json").write_text('{"good": [], "trial": null}')
    assert find_number(str(tmp_path / "slots/a")) is None


def test_samples_are_kept_only_where_they_are_asked_for(tmp_path: Path) -> None:
    with Telemetry(tmp_path / "without", interval_s=NEVER) as without:
        without.record(1.0, 1, None)
        without.sample({"city": "Reykjavik"})
    with Telemetry(tmp_path / "with", interval_s=NEVER, samples=Samples(["city"])) as asked:
        asked.record(1.0, 1, None)
        asked.sample({"city": "Reykjavik", "name": "Ada"})
    assert "Reykjavik" not in (next((tmp_path / "without").glob("*.json"))).read_text()
    assert spooled(tmp_path / "with")[0]["samples"] == {"seen": 1, "kept": [{"city": "Reykjavik"}]}


def test_a_clock_that_was_never_set_or_was_changed_is_said_to_be_so() -> None:
    began = clock.Moment()
    now = began.wall_s
    later = clock.Moment()
    assert began.status_until(later) == "steady"
    later.wall_s = now + 3600
    assert began.status_until(later) == "stepped"
    later.wall_s = now - 3600
    assert began.status_until(later) == "stepped"
    began.wall_s, later.wall_s = 12.0, now
    assert began.status_until(later) == "unset"


@pytest.mark.parametrize("latency_ms", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_latency_that_is_none_reaches_no_prediction(latency_ms: float, tmp_path: Path) -> None:
    with Telemetry(tmp_path, interval_s=NEVER) as telemetry:
        telemetry.record(latency_ms, 1, None)
    assert spooled(tmp_path)[0]["requests"] == 1


@pytest.mark.parametrize("options", [{"interval_s": 0}, {"interval_s": float("nan")}, {"max_bytes": 10}])
def test_refuses_options_that_cannot_work(options: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Telemetry(tmp_path, **options)  # type: ignore[arg-type]


def test_a_telemetry_that_nobody_holds_ends_its_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    telemetry = Telemetry(tmp_path, interval_s=0.01)
    telemetry.record(1.0, 1, None)
    del telemetry
    ends = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < ends:
        time.sleep(0.01)
    assert threading.active_count() == before
