"""The premain as a process: from its settings to the application, and all the ways it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from ringtaw_premain import __version__
from ringtaw_premain.settings import SETTINGS
from ringtaw_schemas.mesh import marble_pb2

from tests.premain.adapters import AdapterDirectory
from tests.premain.conftest import Premain, StartPeer
from tests.premain.mesh_certificates import Deployment, pem
from tests.premain.mesh_peer import CallRefusedError, MeshPeer

WITH_ADAPTERS = ("-s", "-P")
SECRET = "the secret that must not show"

QUOTING = """
@hookimpl
def detect(self): return True
@hookimpl
def issue_evidence(self, report_data): return b"quote over " + report_data
@hookimpl
def launch_spec(self, request): return LaunchSpec(request.argv[0], request.argv, request.environ)
"""
NO_QUOTE = QUOTING.replace('return b"quote over " + report_data', "raise OSError('no device')")
UNAVAILABLE = NO_QUOTE.replace("OSError('no", "EvidenceUnavailableError('no")


def response(*argv: str) -> marble_pb2.ActivationResp:
    message = marble_pb2.ActivationResp()
    message.Parameters.Argv.extend(argv)
    message.Parameters.Files["secrets/key"] = SECRET.encode()
    message.Parameters.Env["KEY"] = SECRET.encode()
    return message


def shell(script: str) -> marble_pb2.ActivationResp:
    return response("/bin/sh", "-c", script)


def simulation(peer: MeshPeer, **more: str) -> dict[str, str]:
    return {
        "EDG_MARBLE_COORDINATOR_ADDR": peer.address,
        "RINGTAW_ADAPTER": "simulation",
        "RINGTAW_ACTIVATION_TIMEOUT": "10",
        **more,
    }


def with_adapter(peer: MeshPeer, adapters: AdapterDirectory, hooks: str) -> dict[str, str]:
    adapters.install("libos", hooks)
    return simulation(peer, RINGTAW_ADAPTER="libos", PYTHONPATH=str(adapters.path))


def test_a_marble_comes_up(start_peer: StartPeer, premain: Premain, marble_directory: Path) -> None:
    peer = start_peer(lambda _: shell('cat secrets/key; echo; echo "$KEY"; echo "$OWN"; exit 7'))
    done = premain(simulation(peer, OWN="kept"))
    assert done.returncode == 7
    assert done.stdout.splitlines() == [SECRET, SECRET, "kept"]
    assert SECRET not in done.stderr
    assert "SIMULATION" in done.stderr
    assert all(line.startswith("[PreMain] ") for line in done.stderr.splitlines())
    [request] = peer.requests
    assert (request.MarbleType, request.Quote) == ("hello", b"")
    assert (marble_directory / "uuid").read_text() == request.UUID
    assert stat.S_IMODE((marble_directory / "secrets").stat().st_mode) == 0o700
    assert premain(simulation(peer)).returncode == 7
    assert {request.UUID for request in peer.requests} == {request.UUID}
    assert set(os.listdir(marble_directory)) == {"uuid", "secrets"}


def test_the_quote_is_over_the_certificate_of_the_connection(
    start_peer: StartPeer, premain: Premain, adapters: AdapterDirectory
) -> None:
    peer = start_peer(lambda _: shell("exit 0"))
    done = premain(with_adapter(peer, adapters, QUOTING), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 0, done.stderr
    certificate = peer.front.client_certificates[0]
    report_data = sha256(certificate).digest() + bytes(32)
    assert peer.requests[0].Quote == b"quote over " + report_data
    assert "SIMULATION" not in done.stderr


@pytest.mark.parametrize("hooks", [NO_QUOTE, UNAVAILABLE])
def test_without_a_quote_nothing_is_sent(
    start_peer: StartPeer, premain: Premain, adapters: AdapterDirectory, hooks: str
) -> None:
    peer = start_peer(lambda _: shell("echo started"))
    done = premain(with_adapter(peer, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert (done.returncode, done.stdout) == (125, "")
    assert "adapter(libos): " in done.stderr
    assert "no device" in done.stderr
    assert peer.front.connections == 0


def test_simulation_must_be_asked_for(
    start_peer: StartPeer, premain: Premain, adapters: AdapterDirectory
) -> None:
    peer = start_peer(lambda _: shell("exit 0"))
    settings = with_adapter(peer, adapters, UNAVAILABLE)
    refused = premain(settings | {"OE_SIMULATION": "0"}, interpreter_options=WITH_ADAPTERS)
    assert (refused.returncode, "OE_SIMULATION=1" in refused.stderr) == (125, False)
    taken = premain(settings | {"OE_SIMULATION": "1"}, interpreter_options=WITH_ADAPTERS)
    assert taken.returncode == 0
    assert "Warning: SIMULATION" in taken.stderr
    assert peer.requests[0].Quote == b""
    broken = premain(
        with_adapter(peer, adapters, NO_QUOTE) | {"OE_SIMULATION": "1"},
        interpreter_options=WITH_ADAPTERS,
    )
    assert broken.returncode == 125


def test_an_empty_quote_counts_as_none(
    start_peer: StartPeer, premain: Premain, adapters: AdapterDirectory
) -> None:
    peer = start_peer(lambda _: shell("exit 0"))
    hooks = QUOTING.replace('b"quote over " + report_data', 'b""')
    done = premain(with_adapter(peer, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 125
    assert "adapter(libos): the quote is empty (only with OE_SIMULATION=1" in done.stderr


def test_a_refusal_is_one_line(start_peer: StartPeer, premain: Premain) -> None:
    def refuse(_: marble_pb2.ActivationReq) -> marble_pb2.ActivationResp:
        raise CallRefusedError(grpc.StatusCode.PERMISSION_DENIED, "marble verification failed:\n?")

    peer = start_peer(refuse)
    done = premain(simulation(peer))
    assert done.returncode == 125
    assert done.stderr.splitlines()[-1] == (
        "[PreMain] Error: the Coordinator refused the activation: PERMISSION_DENIED: "
        "marble verification failed:\\n?"
    )
    assert len(peer.requests) == 1


def test_json_lines(start_peer: StartPeer, premain: Premain) -> None:
    peer = start_peer(lambda _: shell("exit 0"))
    done = premain(simulation(peer, EDG_LOG_FORMAT="JSON"))
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert {record["level"] for record in records} == {"info", "warning"}
    failed = premain({"EDG_LOG_FORMAT": "json", "EDG_MARBLE_TYPE": ""})
    assert json.loads(failed.stderr)["message"].startswith("EDG_MARBLE_TYPE: not set")


def test_a_pinned_coordinator(
    start_peer: StartPeer, premain: Premain, coordinator: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_text(pem(coordinator.root))
    (tmp_path / "other.pem").write_text(pem(coordinator.intermediate))
    peer = start_peer(lambda _: shell("exit 0"))
    right = premain(simulation(peer, RINGTAW_COORDINATOR_PIN=str(tmp_path / "root.pem")))
    assert right.returncode == 0, right.stderr
    wrong = premain(simulation(peer, RINGTAW_COORDINATOR_PIN=str(tmp_path / "other.pem")))
    assert wrong.returncode == 125
    assert "is not the pinned one" in wrong.stderr
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("argv", "code"), [(("/does/not/exist",), 127), (("/etc/passwd",), 126), (("/tmp",), 126)]
)
def test_an_application_that_cannot_start(
    start_peer: StartPeer,
    premain: Premain,
    adapters: AdapterDirectory,
    marble_directory: Path,
    argv: tuple[str, ...],
    code: int,
) -> None:
    peer = start_peer(lambda _: response(*argv))
    for settings, options in (
        (simulation(peer), ("-I",)),
        (with_adapter(peer, adapters, QUOTING), WITH_ADAPTERS),
    ):
        done = premain(settings, interpreter_options=options)
        assert done.returncode == code
        assert argv[0] in done.stderr.splitlines()[-1]
        assert os.listdir(marble_directory) == ["uuid"]


def bad_file() -> marble_pb2.ActivationResp:
    message = shell("echo started")
    message.Parameters.Files["../outside"] = SECRET.encode()
    return message


def bad_variable() -> marble_pb2.ActivationResp:
    message = shell("echo started")
    message.Parameters.Env["A=B"] = SECRET.encode()
    return message


def policy() -> marble_pb2.ActivationResp:
    message = shell("echo started")
    message.Parameters.Env["MARBLE_TTLS_CONFIG"] = json.dumps(
        {"tls": {"Outgoing": {"a:1": {"clikey": SECRET}}, "Incoming": {}}}
    ).encode()
    return message


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (bad_file(), "leads outside"),
        (bad_variable(), "environment variable"),
        (policy(), "TTLS policy"),
        (response("/bin/sh", "a\0b"), "NUL byte"),
    ],
)
def test_bad_parameters_start_nothing_and_leave_nothing(
    start_peer: StartPeer,
    premain: Premain,
    marble_directory: Path,
    given: marble_pb2.ActivationResp,
    problem: str,
) -> None:
    peer = start_peer(lambda _: given)
    done = premain(simulation(peer))
    assert (done.returncode, done.stdout) == (125, "")
    assert problem in done.stderr
    assert SECRET not in done.stderr
    assert os.listdir(marble_directory) == ["uuid"]


def test_an_internal_error_tells_no_secret(
    start_peer: StartPeer, premain: Premain, adapters: AdapterDirectory
) -> None:
    peer = start_peer(lambda _: shell("echo started"))
    hooks = QUOTING + "\n@hookimpl\ndef order_files(self, files): raise ValueError(str(files))"
    done = premain(with_adapter(peer, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 125
    assert "adapter(libos): order_files failed with ValueError" in done.stderr
    assert SECRET not in done.stderr
    hooks = QUOTING.replace("LaunchSpec(request.argv[0],", "LaunchSpec(None,")
    done = premain(with_adapter(peer, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 125
    assert re.search(r"Error: internal error: TypeError in launch\.py:\d+$", done.stderr.rstrip())


def test_help_lists_every_setting(premain: Premain) -> None:
    done = premain({}, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for setting in SETTINGS:
        assert f"  {setting.name}={setting.default}\n" in done.stdout
    assert premain({}, "-h").stdout == done.stdout
    assert premain({}, "--version").stdout == f"ringtaw-premain {__version__}\n"


def test_options_that_do_not_exist(premain: Premain) -> None:
    done = premain({}, "--hlep")
    assert done.returncode == 125
    assert "unknown option --hlep" in done.stderr


def test_what_follows_the_options_is_for_the_adapter(
    start_peer: StartPeer, premain: Premain, adapters: AdapterDirectory
) -> None:
    peer = start_peer(lambda _: shell("exit 0"))
    launch, _, _ = QUOTING.partition("return LaunchSpec")
    hooks = launch + "raise PolicyError(repr((request.arguments, request.command_line)))"
    settings = with_adapter(peer, adapters, hooks)
    for arguments in (("--", "--version", "x"), ("program", "--version")):
        done = premain(settings, *arguments, interpreter_options=WITH_ADAPTERS)
        left = arguments[1:] if arguments[0] == "--" else arguments
        assert repr(left) in done.stderr
        assert repr(("-s", "-P", "-m", "ringtaw_premain", *arguments))[1:] in done.stderr


def test_a_locale_that_is_not_utf8(premain: Premain) -> None:
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = premain(environment, interpreter_options=("-s",))
    assert done.returncode == 125
    assert "LC_ALL=C.UTF-8" in done.stderr


def start_waiting(directory: Path, port: int) -> subprocess.Popen[str]:
    """Start a premain that waits for its Coordinator, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "ringtaw_premain"],
        env={
            "PATH": os.environ["PATH"],
            "EDG_MARBLE_TYPE": "hello",
            "EDG_MARBLE_COORDINATOR_ADDR": f"127.0.0.1:{port}",
            "RINGTAW_ADAPTER": "simulation",
        },
        cwd=directory,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "trying again" not in process.stderr.readline():
        assert process.poll() is None
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once(marble_directory: Path, number: signal.Signals) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        port = reserved.getsockname()[1]
    process = start_waiting(marble_directory, port)
    started = time.monotonic()
    process.send_signal(number)
    _, log = process.communicate(timeout=10)
    assert time.monotonic() - started < 1
    assert process.returncode == 128 + number
    assert log.splitlines()[-1] == (
        f"[PreMain] Error: stopped by {number.name}, nothing was started"
    )


def test_nobody_reads_its_output(marble_directory: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        for arguments, code in ((["--help"], 0), (["--hlep"], 125)):
            done = subprocess.run(
                [sys.executable, "-I", "-m", "ringtaw_premain", *arguments],
                stdout=writer,
                stderr=writer,
                check=False,
                timeout=60,
            )
            assert done.returncode == code
    finally:
        os.close(writer)
