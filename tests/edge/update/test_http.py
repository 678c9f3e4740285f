"""Fetching over HTTP: resumed, bounded, and nothing of what servers do is believed."""

import hashlib
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge.update.errors import RefusedError, UnreachableError, UpdateError
from edge.update.http import Client, StatusError, check_url
from tests.edge.update import server as lies
from tests.edge.update.repositories import PATIENT_S, SLOW_S
from tests.edge.update.server import WebServer, serving

BODY = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(250)) * 5


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    (tmp_path / "file").write_bytes(BODY)
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def client() -> Client:
    return Client(PATIENT_S, pauses_s=(0.0, 0.0))


def fetch(client: Client, web: WebServer, offset: int = 0, size_bytes: int | None = len(BODY)) -> bytes:
    return b"".join(client.fetch(f"{web.url}/file", size_bytes, offset))


def test_a_file_comes_whole(client: Client, web: WebServer) -> None:
    assert fetch(client, web) == fetch(client, web, size_bytes=None) == BODY


def test_a_file_is_gone_on_with_where_it_broke_off(client: Client, web: WebServer) -> None:
    assert fetch(client, web, offset=1000) == BODY[1000:]
    assert web.asked == [("file", "bytes=1000-")]
    assert web.sent_bytes == len(BODY) - 1000


def test_several_connections_bring_what_each_of_them_loses(client: Client, web: WebServer) -> None:
    web.lie("file", lies.breaks_off(9000))
    assert fetch(client, web) == BODY
    assert web.ranges_of("file") == [None, "bytes=9000-", "bytes=18000-", "bytes=27000-", "bytes=36000-"]


def test_connections_that_bring_almost_nothing_come_to_an_end(client: Client, web: WebServer) -> None:
    web.lie("file", lies.breaks_off(10))
    with pytest.raises(UnreachableError, match="broke off after 30 bytes"):
        fetch(client, web)


@pytest.mark.parametrize("lie", [lies.ignores_ranges, lies.knows_no_ranges, lies.gives_range("bytes 0-9/*")])
def test_a_server_without_ranges_sends_what_is_here_once_more(
    client: Client, web: WebServer, lie: lies.Lie
) -> None:
    web.lie("file", lie)
    assert fetch(client, web, offset=1000) == BODY[1000:]


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (lies.gives_range("bytes 7-99/100"), "asked from byte 1000 on and gives 7 on"),
        (lies.gives_range("pages 1-2/3"), "does not say which"),
        (lies.gives_range(f"bytes {'9' * 5000}-1/2"), "does not say which"),
        (lies.encoded, "comes encoded as gzip"),
        (lies.status(403), "the server answers 403"),
        (lies.status(404), "the server answers 404"),
        (lies.leads_to("ftp://127.0.0.1/file"), "from http to ftp nothing is followed"),
        (lies.leads_to("file:///etc/passwd"), "from http to file nothing is followed|leads to other"),
        (lies.leads_to("/file"), "leads to other addresses, and to no file"),
    ],
)
def test_what_cannot_be_fetched_is_told_with_its_reason(
    client: Client, web: WebServer, lie: lies.Lie, said: str
) -> None:
    web.lie("file", lie)
    with pytest.raises(UnreachableError, match=said):
        fetch(client, web, offset=1000)


@pytest.mark.parametrize("lie", [lies.dripping, lies.dripping_head])
def test_a_server_that_drips_is_too_slow(web: WebServer, lie: lies.Lie) -> None:
    web.lie("file", lie)
    with pytest.raises(UnreachableError, match="too slow"):
        fetch(Client(SLOW_S, (0.0,)), web, offset=1000)


def test_whoever_waits_for_more_than_is_here_can_look_at_the_clock(client: Client, web: WebServer) -> None:
    web.lie("file", lies.dripping)
    assert next(client.fetch(f"{web.url}/file", len(BODY), len(BODY) - 1)) == b""


@pytest.mark.parametrize("lie", [lies.says_length(len(BODY) + 1), lies.gives(BODY[:-1])])
def test_a_file_of_another_length_is_refused_before_it_comes(
    client: Client, web: WebServer, lie: lies.Lie
) -> None:
    web.lie("file", lie)
    with pytest.raises(RefusedError, match=f"bytes and should have {len(BODY)}"):
        fetch(client, web)


def test_a_range_of_a_longer_file_is_refused(client: Client, web: WebServer) -> None:
    web.lie("file", lies.gives_range("bytes 1000-1999/999999"))
    with pytest.raises(RefusedError, match="has 999999 bytes"):
        fetch(client, web, offset=1000)


def test_the_asker_of_an_endless_file_can_stop(client: Client, web: WebServer) -> None:
    web.lie("file", lies.endless)
    got = 0
    for piece in client.fetch(f"{web.url}/file", len(BODY)):
        got += len(piece)
        if got > len(BODY):
            break
    assert got <= len(BODY) + 65536


def test_what_may_pass_is_tried_again_and_then_given_up(client: Client, web: WebServer) -> None:
    web.lie("file", lies.status(503), times=2)
    assert fetch(client, web) == BODY
    web.lie("file", lies.status(500))
    with pytest.raises(UnreachableError, match="cannot be fetched: the server answers 500"):
        fetch(client, web)
    assert len(web.asked) == 6


def test_what_is_not_there_is_not_asked_for_again(client: Client, web: WebServer) -> None:
    with pytest.raises(StatusError) as caught:
        list(client.fetch(f"{web.url}/other"))
    assert (caught.value.status, len(web.asked)) == (404, 1)


def test_a_redirect_keeps_the_range(client: Client, web: WebServer, tmp_path: Path) -> None:
    (tmp_path / "moved").write_bytes(BODY)
    web.lie("file", lies.leads_to(f"{web.url}/moved"))
    assert fetch(client, web, offset=1000) == BODY[1000:]
    assert web.ranges_of("moved") == ["bytes=1000-"]


def test_a_device_without_a_network_is_told_so(client: Client, web: WebServer) -> None:
    with pytest.raises(UnreachableError, match="cannot be fetched: Connection refused"):
        list(client.fetch("http://127.0.0.1:9/file"))


def test_the_proxy_of_the_environment_is_asked(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "http:" / "releases.invalid").mkdir(parents=True)
    (tmp_path / "http:" / "releases.invalid" / "file").write_bytes(BODY)
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert b"".join(Client(PATIENT_S).fetch("http://releases.invalid/file", len(BODY))) == BODY
    assert web.asked == [("http://releases.invalid/file", None)]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "https://",
        "http://[::1",
        "https://host/x?token=1",
        "https://host/#x",
        "https://host/a b",
        "https://host/ä",
        "https://host:99999/x",
        "https://u:p@host/x",
    ],
)
def test_refuses_what_is_no_address_of_releases(url: str) -> None:
    with pytest.raises(UpdateError, match="address of releases"):
        check_url(url)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificate that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now, place = datetime.now(UTC), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([place]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(secret + made.public_bytes(pem))
    return path


def test_a_trusted_server_is_asked_by_https(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(BODY)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = Client(PATIENT_S, (0.0,))
    with serving(tmp_path, certificate) as web:
        assert fetch(client, web, offset=7) == BODY[7:]
        web.lie("file", lies.leads_to(web.url.replace("https:", "http:") + "/file"), times=1)
        with pytest.raises(UnreachableError, match="from https to http nothing is followed"):
            fetch(client, web)
        web.lie("file", lies.dripping)
        with pytest.raises(UnreachableError, match="too slow"):
            fetch(Client(SLOW_S, (0.0,)), web)


def test_another_server_is_not_and_the_clock_is_said(
    certificate: Path, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(BODY)
    with serving(tmp_path, certificate) as web:
        with pytest.raises(
            UnreachableError, match=r"certificate is not trusted: self.signed .* clock says 2\d{3}"
        ):
            fetch(client, web)
        assert web.asked == []
