"""The premain as a process: from its settings to the application, and all the ways it ends."""

from __future__ import annotations

import json
import os
import re
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.errors import StateError, VerificationError
from ringtaw_premain import __version__
from ringtaw_premain.settings import SETTINGS
from ringtaw_testkit.peers import cut_off
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.premain.adapters import AdapterDirectory
from tests.premain.conftest import Premain
from tests.premain.mesh_certificates import Deployment, pem

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


def given(
    *argv: str, files: dict[str, bytes] | None = None, env: dict[str, bytes] | None = None
) -> MarbleParameters:
    """What the Coordinator gives: a secret as a file and in the environment, and what is asked."""
    secret = SECRET.encode()
    return MarbleParameters(
        {"secrets/key": secret, **(files or {})}, {"KEY": secret, **(env or {})}, argv
    )


def shell(script: str, **more: dict[str, bytes]) -> MarbleParameters:
    return given("/bin/sh", "-c", script, **more)


def simulation(simulator: CoordinatorSimulator, **more: str) -> dict[str, str]:
    return {
        "EDG_MARBLE_COORDINATOR_ADDR": simulator.address,
        "RINGTAW_ADAPTER": "simulation",
        "RINGTAW_ACTIVATION_TIMEOUT": "10",
        **more,
    }


def with_adapter(
    simulator: CoordinatorSimulator, adapters: AdapterDirectory, hooks: str
) -> dict[str, str]:
    adapters.install("libos", hooks)
    return simulation(simulator, RINGTAW_ADAPTER="libos", PYTHONPATH=str(adapters.path))


def test_a_marble_comes_up(
    simulator: CoordinatorSimulator, premain: Premain, marble_directory: Path
) -> None:
    simulator.admit(shell('cat secrets/key; echo; echo "$KEY"; echo "$OWN"; exit 7'))
    done = premain(simulation(simulator, OWN="kept"))
    assert done.returncode == 7
    assert done.stdout.splitlines() == [SECRET, SECRET, "kept"]
    assert SECRET not in done.stderr
    assert "SIMULATION" in done.stderr
    assert all(line.startswith("[PreMain] ") for line in done.stderr.splitlines())
    [request] = simulator.requests
    assert (request.marble_type, request.quote) == ("hello", b"")
    assert (marble_directory / "uuid").read_text() == request.uuid
    assert stat.S_IMODE((marble_directory / "secrets").stat().st_mode) == 0o700
    assert premain(simulation(simulator)).returncode == 7
    assert {request.uuid for request in simulator.requests} == {request.uuid}
    assert set(os.listdir(marble_directory)) == {"uuid", "secrets"}


def test_the_quote_is_over_the_certificate_of_the_connection(
    simulator: CoordinatorSimulator, premain: Premain, adapters: AdapterDirectory
) -> None:
    simulator.admit(shell("exit 0"))
    done = premain(with_adapter(simulator, adapters, QUOTING), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 0, done.stderr
    certificate = simulator.requests[0].peer_certificate
    report_data = sha256(certificate).digest() + bytes(32)
    assert simulator.requests[0].quote == b"quote over " + report_data
    assert "SIMULATION" not in done.stderr


@pytest.mark.parametrize("hooks", [NO_QUOTE, UNAVAILABLE])
def test_without_a_quote_nothing_is_sent(
    simulator: CoordinatorSimulator, premain: Premain, adapters: AdapterDirectory, hooks: str
) -> None:
    simulator.admit(shell("echo started"))
    done = premain(with_adapter(simulator, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert (done.returncode, done.stdout) == (125, "")
    assert "adapter(libos): " in done.stderr
    assert "no device" in done.stderr
    assert simulator.requests == []


def test_simulation_must_be_asked_for(
    simulator: CoordinatorSimulator, premain: Premain, adapters: AdapterDirectory
) -> None:
    simulator.admit(shell("exit 0"))
    settings = with_adapter(simulator, adapters, UNAVAILABLE)
    refused = premain(settings | {"OE_SIMULATION": "0"}, interpreter_options=WITH_ADAPTERS)
    assert (refused.returncode, "OE_SIMULATION=1" in refused.stderr) == (125, False)
    taken = premain(settings | {"OE_SIMULATION": "1"}, interpreter_options=WITH_ADAPTERS)
    assert taken.returncode == 0
    assert "Warning: SIMULATION" in taken.stderr
    assert simulator.requests[0].quote == b""
    broken = premain(
        with_adapter(simulator, adapters, NO_QUOTE) | {"OE_SIMULATION": "1"},
        interpreter_options=WITH_ADAPTERS,
    )
    assert broken.returncode == 125


def test_an_empty_quote_counts_as_none(
    simulator: CoordinatorSimulator, premain: Premain, adapters: AdapterDirectory
) -> None:
    simulator.admit(shell("exit 0"))
    hooks = QUOTING.replace('b"quote over " + report_data', 'b""')
    done = premain(with_adapter(simulator, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 125
    assert "adapter(libos): the quote is empty (only with OE_SIMULATION=1" in done.stderr


def test_a_refusal_is_one_line(simulator: CoordinatorSimulator, premain: Premain) -> None:
    simulator.refuse(VerificationError("unknown package:\n?"))
    done = premain(simulation(simulator))
    assert done.returncode == 125
    assert done.stderr.splitlines()[-1] == (
        "[PreMain] Error: the Coordinator refused the activation: PERMISSION_DENIED: "
        "marble verification failed: unknown package:\\n?"
    )
    assert len(simulator.requests) == 1


def test_json_lines(simulator: CoordinatorSimulator, premain: Premain) -> None:
    simulator.admit(shell("exit 0"))
    done = premain(simulation(simulator, EDG_LOG_FORMAT="JSON"))
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert {record["level"] for record in records} == {"info", "warning"}
    failed = premain({"EDG_LOG_FORMAT": "json", "EDG_MARBLE_TYPE": ""})
    assert json.loads(failed.stderr)["message"].startswith("EDG_MARBLE_TYPE: not set")


def test_a_pinned_coordinator(
    simulator: CoordinatorSimulator, premain: Premain, coordinator: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_text(pem(coordinator.root))
    (tmp_path / "other.pem").write_text(pem(coordinator.intermediate))
    simulator.admit(shell("exit 0"))
    right = premain(simulation(simulator, RINGTAW_COORDINATOR_PIN=str(tmp_path / "root.pem")))
    assert right.returncode == 0, right.stderr
    wrong = premain(simulation(simulator, RINGTAW_COORDINATOR_PIN=str(tmp_path / "other.pem")))
    assert wrong.returncode == 125
    assert "is not the pinned one" in wrong.stderr
    assert len(simulator.requests) == 1


@pytest.mark.parametrize(
    ("argv", "code"), [(("/does/not/exist",), 127), (("/etc/passwd",), 126), (("/tmp",), 126)]
)
def test_an_application_that_cannot_start(
    simulator: CoordinatorSimulator,
    premain: Premain,
    adapters: AdapterDirectory,
    marble_directory: Path,
    argv: tuple[str, ...],
    code: int,
) -> None:
    simulator.admit(given(*argv))
    for settings, options in (
        (simulation(simulator), ("-I",)),
        (with_adapter(simulator, adapters, QUOTING), WITH_ADAPTERS),
    ):
        done = premain(settings, interpreter_options=options)
        assert done.returncode == code
        assert argv[0] in done.stderr.splitlines()[-1]
        assert os.listdir(marble_directory) == ["uuid"]


POLICY = json.dumps({"tls": {"Outgoing": {"a:1": {"clikey": SECRET}}, "Incoming": {}}}).encode()


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        (shell("echo started", files={"../outside": SECRET.encode()}), "leads outside"),
        (shell("echo started", env={"A=B": SECRET.encode()}), "environment variable"),
        (shell("echo started", env={"MARBLE_TTLS_CONFIG": POLICY}), "TTLS policy"),
        (given("/bin/sh", "a\0b"), "NUL byte"),
    ],
)
def test_bad_parameters_start_nothing_and_leave_nothing(
    simulator: CoordinatorSimulator,
    premain: Premain,
    marble_directory: Path,
    parameters: MarbleParameters,
    problem: str,
) -> None:
    simulator.admit(parameters)
    done = premain(simulation(simulator))
    assert (done.returncode, done.stdout) == (125, "")
    assert problem in done.stderr
    assert SECRET not in done.stderr
    assert os.listdir(marble_directory) == ["uuid"]


def test_an_internal_error_tells_no_secret(
    simulator: CoordinatorSimulator, premain: Premain, adapters: AdapterDirectory
) -> None:
    simulator.admit(shell("echo started"))
    hooks = QUOTING + "\n@hookimpl\ndef order_files(self, files): raise ValueError(str(files))"
    done = premain(with_adapter(simulator, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 125
    assert "adapter(libos): order_files failed with ValueError" in done.stderr
    assert SECRET not in done.stderr
    hooks = QUOTING.replace("LaunchSpec(request.argv[0],", "LaunchSpec(None,")
    done = premain(with_adapter(simulator, adapters, hooks), interpreter_options=WITH_ADAPTERS)
    assert done.returncode == 125
    assert re.search(r"Error: internal error: TypeError in launch\.py:\d+$", done.stderr.rstrip())


def test_an_incomplete_image_is_one_line(premain: Premain, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "cryptography.py").write_text("raise ImportError('libgcc_s.so.1: cannot open')")
    done = premain({"PYTHONPATH": str(site)}, interpreter_options=("-P",))
    assert done.returncode == 125
    assert re.fullmatch(r"\[PreMain\] Error: .*image is incomplete: libgcc_s.*\n", done.stderr)


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
    simulator: CoordinatorSimulator, premain: Premain, adapters: AdapterDirectory
) -> None:
    simulator.admit(shell("exit 0"))
    launch, _, _ = QUOTING.partition("return LaunchSpec")
    hooks = launch + "raise PolicyError(repr((request.arguments, request.command_line)))"
    settings = with_adapter(simulator, adapters, hooks)
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


@pytest.mark.parametrize("after", [0, 1000, 20_000])
def test_a_connection_that_is_cut_off_is_made_again(
    simulator: CoordinatorSimulator, premain: Premain, after: int
) -> None:
    simulator.admit(shell("echo started", files={"large": bytes(100_000)}))
    with cut_off(simulator.port, after) as port:
        settings = simulation(
            simulator,
            EDG_MARBLE_COORDINATOR_ADDR=f"127.0.0.1:{port}",
            RINGTAW_ACTIVATION_TIMEOUT="1.5",
        )
        done = premain(settings)
    assert (done.returncode, done.stdout) == (125, "")
    assert "trying again in" in done.stderr
    assert "no activation within 1.5 s" in done.stderr


def test_a_coordinator_without_manifest_is_not_asked_again(
    simulator: CoordinatorSimulator, premain: Premain
) -> None:
    simulator.refuse(StateError("no manifest is set yet"))
    done = premain(simulation(simulator))
    assert done.returncode == 125
    assert "FAILED_PRECONDITION: " in done.stderr
    assert len(simulator.requests) == 1
