"""The examples for Gramine do what they say, in gramine-direct, at a Coordinator."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ringtaw_cli.program import run as ringtaw

from tests.standins.gramine_image.image import INSTALLED, NOT_INSTALLED
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.example_runs import Image, lay_out, premain

pytestmark = pytest.mark.skipif(not INSTALLED, reason=NOT_INSTALLED)

PREMAIN_FAILED = 125
GRAMINE_ENCRYPTED = b"GRAFS_PF"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if not shutil.which(name) and not Path(name).exists()]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime") / "premain"
    assert ringtaw(["runtime", "build", "--adapter", "gramine", str(folder)]) == 0
    return folder


Lay = Callable[[str], Image]


@pytest.fixture
def lay(runtime: Path, tmp_path: Path, ports: dict[str, str]) -> Lay:
    return lambda name: lay_out(name, tmp_path / name, runtime, ports)


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[CoordinatorProcess]:
    with coordinator_process(tmp_path / "coordinator") as process:
        yield process


def set_manifest(coordinator: CoordinatorProcess, image: Image) -> None:
    answer = coordinator.set_manifest(image.manifest())
    assert answer["status"] == "success", answer


def start_twice(image: Image, coordinator: CoordinatorProcess) -> str:
    """Start it twice at a Coordinator that knows it then; return what it said last."""
    set_manifest(coordinator, image)
    uuids = set()
    for start in (1, 2):
        ran = image.run("hello", coordinator)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert f"starts, counted in an encrypted file: {start}\n" in ran.stdout
        uuids.add((image.folder / "state/uuid").read_text())
    assert len(uuids) == 1
    assert image.on_disk("data").startswith(GRAMINE_ENCRYPTED)
    return ran.stdout


@needs("/usr/bin/python3.11")
def test_python(lay: Lay, coordinator: CoordinatorProcess) -> None:
    told = start_twice(lay("gramine-python"), coordinator)
    assert "Hello from Ringtaw, from the manifest\n" in told
    assert "my certificate: -----BEGIN CERTIFICATE-----\n" in told


@needs("cc")
def test_c(lay: Lay, coordinator: CoordinatorProcess, tmp_path: Path) -> None:
    image = lay("gramine-c")
    told = start_twice(image, coordinator)
    assert "Hello from Ringtaw, from the manifest\n" in told
    assert "my certificate: -----BEGIN CERTIFICATE-----\n" in told

    without_quote = image.run("hello", coordinator, OE_SIMULATION="0")
    assert without_quote.returncode == PREMAIN_FAILED, without_quote.stdout
    with coordinator_process(tmp_path / "another") as another:
        set_manifest(another, image)
        elsewhere = image.run("hello", another)  # another mesh has another key for the disk
    assert elsewhere.returncode == 1, elsewhere.stdout  # the program's own
    assert "/data/count: Permission denied" in elsewhere.stdout


NGINX = "/usr/sbin/nginx"


def chain(coordinator: CoordinatorProcess) -> str:
    """Return the Coordinator's certificates."""
    certificates = coordinator.call("GET", "/api/v2/quote")["data"]["cert"]
    assert isinstance(certificates, str)
    return certificates


@needs(NGINX, "curl")
def test_nginx(lay: Lay, coordinator: CoordinatorProcess, tmp_path: Path) -> None:
    image = lay("gramine-nginx")
    set_manifest(coordinator, image)
    trusted = tmp_path / "root.pem"
    trusted.write_text(chain(coordinator))
    port = image.ports["8443"]
    another = coordinator.activate("frontend").files  # what a second instance would get
    key = another["/run/nginx/key.pem"].splitlines()[1]
    with image.running("frontend", coordinator) as server:
        assert "Served from inside an enclave" in get(port, trusted)
        certificate = ssl.get_server_certificate(("127.0.0.1", int(port)))
        # Master and two workers, each a Gramine of its own.
        assert len(processes(server.process.pid)) == 3
        assert server.stop() == 0, server.output
    assert certificate.encode() == another["/run/nginx/certificate.pem"]
    assert key.decode() not in server.output
    assert key not in image.on_disk()


def get(port: str, trusted: Path) -> str:
    command = ["curl", "--silent", "--show-error", "--cacert", str(trusted)]
    retrying = ["--retry", "50", "--retry-connrefused", "--retry-delay", "1", "--fail"]
    address = f"https://localhost:{port}/"
    return subprocess.run(
        [*command, *retrying, address], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def processes(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in processes(int(child)))]


@needs("redis-server", "redis-cli")
def test_redis(lay: Lay, coordinator: CoordinatorProcess, tmp_path: Path) -> None:
    image = lay("gramine-redis")
    set_manifest(coordinator, image)
    client = tmp_path / "client"
    client.mkdir()
    for visits in ("1\n", "2\n"):
        with image.running("redis", coordinator) as server:
            server.wait_for("Ready to accept connections")
            ran = premain(client, "client", coordinator)
            assert ran.stdout == visits, ran.stderr + server.output
            refuse_others(image.ports["6379"], client)
            assert server.stop() == 0, server.output
    assert GRAMINE_ENCRYPTED in image.on_disk("data")
    assert b"visits" not in image.on_disk("data")
    assert b"PRIVATE KEY" not in image.on_disk()


def refuse_others(port: str, client: Path) -> None:
    """Without TLS, without a certificate, with one that is not of a Marble: no answer."""
    own = client / "own"
    own.mkdir(exist_ok=True)
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-keyout", str(own / "key.pem"), "-out", str(own / "certificate.pem")]
    subprocess.run([*request, *files, "-subj", "/CN=me"], check=True, capture_output=True)
    tls = ["--tls", "--cacert", "tls/marbles.pem"]
    stranger = ["--cert", "own/certificate.pem", "--key", "own/key.pem"]
    for options in ([], tls, [*tls, *stranger]):
        asked = subprocess.run(
            ["redis-cli", "-p", port, *options, "GET", "visits"],
            cwd=client,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert asked.returncode != 0, asked.stdout
        assert "2" not in asked.stdout.split()
