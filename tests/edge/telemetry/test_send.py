"""Sending: whatever the network and the receiver do, each summary is counted once, and none is lost."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edge.telemetry.batches import next_batch
from edge.telemetry.http_post import Receiver
from edge.telemetry.send import BusyError, Limits, RefusedError, Sent, send
from edge.telemetry.spool import Spool, try_lock
from tests.edge.telemetry import receiver
from tests.edge.telemetry.summaries import fill, spooled

QUICK = Limits(total_s=20.0, answer_s=0.5, first_wait_s=0.01)


def sent_to(url: str, folder: Path, limits: Limits = QUICK, **headers: str) -> Sent:
    return send(str(folder), Receiver(url, headers), limits)


def expected(count: int) -> list[str]:
    return [f"run-{number}" for number in range(1, count + 1)]


def test_everything_is_sent_and_then_gone(tmp_path: Path) -> None:
    fill(tmp_path, 30)
    with receiver.receiving() as server:
        sent = sent_to(server.url, tmp_path, Authorization="Bearer x")
        (request,) = server.requests
        assert server.identifiers == expected(30)
    assert (sent.batches, sent.summaries, sent.why) == (1, 30, "")
    assert spooled(tmp_path) == []
    assert request["path"] == "/v1/telemetry?fleet=a"
    assert request["Authorization"] == "Bearer x"
    assert (request["Content-Type"], request["Content-Encoding"]) == ("application/x-ndjson", "gzip")
    assert float(request["X-Uptime-S"]) > 0
    assert len(request["X-Boot-Id"]) == 36


@pytest.mark.parametrize(
    "plan",
    [
        ("500", "503", "429", "408"),
        ("lost",),
        ("torn", "lost", "500", "torn"),
        ("slow",),
        ("drip",),
        ("lost", "slow", "503", "torn"),
    ],
)
def test_a_receiver_that_fails_counts_each_summary_once(plan: tuple[str, ...], tmp_path: Path) -> None:
    fill(tmp_path, 5)
    with receiver.receiving(*plan) as server:
        sent = sent_to(server.url, tmp_path)
        assert sorted(server.identifiers) == sorted(expected(5))
        assert len(server.requests) == len(plan) + 1
        assert len({request["Idempotency-Key"] for request in server.requests}) == 1
        stored_before = [word for word in plan if not word.isdigit()]
        assert server.again == len(stored_before)
    assert (sent.summaries, sent.why) == (5, "")
    assert spooled(tmp_path) == []


def test_what_was_added_meanwhile_goes_in_a_batch_of_its_own(tmp_path: Path) -> None:
    """The answer was lost, and the spool has grown: the batch is still the same."""
    fill(tmp_path, 3)
    with receiver.receiving("lost") as server:
        assert sent_to(server.url, tmp_path, Limits(total_s=0.01, answer_s=5.0, first_wait_s=1.0)).why
        fill(tmp_path, 2, id="later")
        assert sent_to(server.url, tmp_path).summaries == 5
        assert [len(batch) for batch in server.stored.values()] == [3, 2]
        assert server.again == 1


def test_nobody_there_keeps_everything_and_says_so(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    sent = sent_to(receiver.closed_port(), tmp_path, Limits(total_s=0.3, answer_s=0.2, first_wait_s=0.01))
    assert "Connection refused" in sent.why
    assert len(spooled(tmp_path)) == 4


@pytest.mark.parametrize("status", ["301", "400", "401", "403", "404"])
def test_a_receiver_that_refuses_ends_it_and_everything_stays(status: str, tmp_path: Path) -> None:
    fill(tmp_path, 4)
    with receiver.receiving(status) as server:
        with pytest.raises(RefusedError, match=f"answered {status}: 0 summaries were taken"):
            sent_to(server.url, tmp_path)
        assert len(server.requests) == 1
    assert len(spooled(tmp_path)) == 4


def test_what_is_too_large_is_halved_until_it_is_taken(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    one = (len(spooled(tmp_path)[0]["id"]) + 400) * 6
    with receiver.receiving(largest=one) as server:
        sent = sent_to(server.url, tmp_path)
        assert sorted(server.identifiers) == sorted(expected(40))
        assert len(server.stored) > 4
    assert (sent.summaries, sent.dropped) == (40, 0)


def test_one_summary_that_is_too_large_is_dropped_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, 1, samples={"kept": ["x" * 5_000]})
    fill(tmp_path, 2)
    with receiver.receiving(largest=2_000) as server:
        sent = sent_to(server.url, tmp_path)
        assert server.identifiers == expected(2)
    assert (sent.summaries, sent.dropped, spooled(tmp_path)) == (2, 1, [])


def test_a_receiver_that_asks_to_wait_is_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with receiver.receiving("1 503") as server:
        began_s = time.monotonic()
        assert sent_to(server.url, tmp_path).summaries == 1
        assert receiver.seconds_of(began_s) >= 1
    fill(tmp_path, 1)
    with receiver.receiving("100 503") as server:
        assert "answered 503" in sent_to(server.url, tmp_path).why
        assert len(server.requests) == 1


def test_an_answer_that_drips_does_not_outlast_its_time(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with receiver.receiving(*["drip"] * 50) as server:
        began_s = time.monotonic()
        assert sent_to(server.url, tmp_path, Limits(total_s=1.0, answer_s=0.3, first_wait_s=0.01)).why
        assert receiver.seconds_of(began_s) < 20
    assert len(spooled(tmp_path)) == 1


def test_no_more_bytes_go_out_than_are_allowed(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with receiver.receiving(*["500"] * 50) as server:
        size = len(next_batch(Spool(str(tmp_path), 1 << 30)).body)  # type: ignore[union-attr]
        sent = sent_to(server.url, tmp_path, Limits(20.0, 5.0, most_bytes=3 * size, first_wait_s=0.01))
        assert len(server.requests) == 3
        assert sent.sent_bytes == 3 * size
    assert len(spooled(tmp_path)) == 1


def test_a_proxy_that_the_system_names_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 1)
    with receiver.receiving() as server:
        monkeypatch.setenv("http_proxy", server.url.replace("//", "//user:a%40b@"))
        assert sent_to("http://example.invalid:8080/t?a=b#c", tmp_path).summaries == 1
        (request,) = server.requests
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        fill(tmp_path, 1, id="direct")
        assert sent_to(server.url, tmp_path).summaries == 1
        assert server.requests[-1]["path"] == "/v1/telemetry?fleet=a"
    assert request["path"] == "http://example.invalid:8080/t?a=b"
    assert request["Proxy-Authorization"] == "Basic dXNlcjphQGI="
    assert request["Host"] == "example.invalid:8080"


def test_a_proxy_is_asked_for_a_tunnel_where_the_address_is_secure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 1)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{proxy.getsockname()[1]}")
        heads: list[bytes] = []

        def refuse() -> None:
            connection, _ = proxy.accept()
            with connection:
                heads.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 407 No\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        sent = sent_to("https://example.invalid/t", tmp_path, Limits(total_s=0.4, answer_s=5.0))
        thread.join()
    assert heads[0].startswith(b"CONNECT example.invalid:443 HTTP/1.")
    assert "407" in sent.why
    assert len(spooled(tmp_path)) == 1


def test_one_sends_at_a_time(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    lock = try_lock(str(tmp_path))
    assert lock is not None
    with pytest.raises(BusyError, match="another process is sending"):
        sent_to(receiver.closed_port(), tmp_path)
    os.close(lock)


def test_a_spool_that_is_not_there_has_nothing_to_send(tmp_path: Path) -> None:
    assert sent_to(receiver.closed_port(), tmp_path / "none").why == ""


def test_what_a_failing_disk_left_is_not_sent(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    second = sorted(tmp_path.glob("*.summary.json"))[1]
    second.write_bytes(second.read_bytes()[:50])
    with receiver.receiving() as server:
        assert sent_to(server.url, tmp_path).summaries == 2
        assert server.identifiers == ["run-1", "run-3"]
    assert spooled(tmp_path) == []


def test_a_power_cut_between_batch_and_summaries_sends_none_twice(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    kept = {path.name: path.read_bytes() for path in tmp_path.glob("*.summary.json")}
    assert next_batch(Spool(str(tmp_path), 1 << 30)) is not None
    for name, body in kept.items():
        (tmp_path / name).write_bytes(body)
    with receiver.receiving() as server:
        assert sent_to(server.url, tmp_path).summaries == 3
        assert server.identifiers == expected(3)


def test_a_batch_that_is_not_what_its_name_says_is_not_sent(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    batch = next_batch(Spool(str(tmp_path), 1 << 30))
    assert batch is not None
    (tmp_path / batch.name).write_bytes(batch.body[:-10])
    fill(tmp_path, 1, id="next")
    with receiver.receiving() as server:
        assert sent_to(server.url, tmp_path).summaries == 1
        assert server.identifiers == ["next"]


def test_a_summary_that_the_disk_cannot_read_keeps_no_other_from_being_sent(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    second = sorted(tmp_path.glob("*.summary.json"))[1]
    second.unlink()
    second.symlink_to("/proc/self/mem")  # the first byte of which is an input/output error
    with receiver.receiving() as server:
        assert sent_to(server.url, tmp_path).summaries == 2
        assert server.identifiers == ["run-1", "run-3"]
    assert spooled(tmp_path) == []


def test_a_proxy_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 1)
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert (
        "'socks5://127.0.0.1:1' is no address"
        in sent_to("http://example.com", tmp_path, Limits(total_s=0.1)).why
    )


def test_a_disk_without_room_for_a_batch_is_emptied_one_by_one(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    code = (
        "import resource, sys\n"
        "from edge.telemetry.http_post import Receiver; from edge.telemetry.send import Limits, send\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "sent = send(sys.argv[1], Receiver(sys.argv[2], {}), Limits())\n"
        "sys.exit(0 if (sent.summaries, sent.batches) == (3, 3) else 1)"
    )
    with receiver.receiving() as server:
        assert (
            subprocess.run([sys.executable, "-c", code, str(tmp_path), server.url], timeout=60).returncode
            == 0
        )
        assert server.identifiers == expected(3)
    assert spooled(tmp_path) == []


def test_a_sender_that_is_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(5)
    fill(tmp_path, 60)
    code = (
        "import sys; from edge.telemetry.send import Limits, send\n"
        "from edge.telemetry.http_post import Receiver\n"
        "print('ready', flush=True)\n"
        "send(sys.argv[1], Receiver(sys.argv[2], {}), Limits(batch_bytes=1500, first_wait_s=0.001))"
    )
    with receiver.receiving(*chance.choices(["take", "lost", "torn", "500"], k=60)) as server:
        for _ in range(8):
            command = [sys.executable, "-c", code, str(tmp_path), server.url]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
                assert program.stdout is not None
                program.stdout.readline()
                time.sleep(chance.uniform(0, 0.06))
                program.send_signal(signal.SIGKILL)
        sent_to(server.url, tmp_path)
        assert sorted(server.identifiers) == sorted(expected(60))
    assert spooled(tmp_path) == []
