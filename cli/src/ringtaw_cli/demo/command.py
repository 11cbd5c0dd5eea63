"""``ringtaw demo``: the command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import ringtaw_client as client
from ringtaw_buildkit.counting import counted

from ringtaw_cli.command import Command
from ringtaw_cli.output import data, printable, say, warning

if TYPE_CHECKING:
    from ringtaw_cli.demo.coordinator import Addresses
    from ringtaw_cli.demo.platform import Platform

_NEEDED: Final = {
    "ringtaw_coordinator": "ringtaw-coordinator",
    "ringtaw_softtee": "ringtaw-adapter-softtee",
}
_MARBLE: Final = (
    "import os; print('    the Marble says:', os.environ['GREETING']); "
    "print('    its disk key has', len(os.environ['DISK_KEY']) * 4, 'bits, and is not shown')"
)
_PATIENCE: Final = 60


@click.command(cls=Command, examples=("", "--keep demo"))
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Keep manifest, evidence and software TEE in a new directory, to try commands with.",
)
def demo(keep: Path | None) -> None:
    """Bring up a deployment on this machine.

    A software TEE takes the place of hardware, AND PROTECTS NOTHING; everything else is real: a
    Coordinator is verified and given a manifest, a Marble is attested and receives its secret, an
    impostor is refused, and the evidence is judged again offline. It takes some seconds; nothing is
    left running.
    """
    if missing := [name for module, name in _NEEDED.items() if find_spec(module) is None]:
        raise client.InputError(
            f"the demo needs {' and '.join(missing)}", hint=f"pip install {' '.join(missing)}"
        )
    with ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringtaw-demo-")))
        else:
            folder = _new(keep)
        _show(folder.resolve())
        if keep is not None:
            say(
                f"next: ringtaw verify --evidence {keep}/evidence -e {keep}/coordinator-era.json "
                f"--trusted-roots {keep}/tee/root.pem --accept-software-tee"
            )


def _new(keep: Path) -> Path:
    try:
        keep.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise client.InputError(
            f"cannot make {keep}: {error.strerror}", hint="name a new directory"
        ) from None
    return keep


def _show(folder: Path) -> None:
    from ringtaw_cli.demo.coordinator import running_coordinator
    from ringtaw_cli.demo.platform import era_config, make_platform, manifest
    from ringtaw_cli.session.opening import show_warnings

    show_warnings()
    warning("a SOFTWARE TEE takes the place of hardware here, and PROTECTS NOTHING")
    platform = make_platform(folder / "tee")
    (folder / "coordinator-era.json").write_bytes(era_config())
    (folder / "manifest.json").write_bytes(manifest([sys.executable, "-I", "-c", _MARBLE]))
    _step(1, "Start a Coordinator.")
    settings = platform.settings("coordinator") | platform.trust()
    with running_coordinator(folder / "state", settings) as addresses:
        verified = _verify(addresses, folder, platform)
        coordinator = verified.connect()
        _step(3, "Set the manifest: which enclaves may run as what, and what they receive.")
        coordinator.set_manifest((folder / "manifest.json").read_bytes())
        data(f"    fingerprint {coordinator.manifest().fingerprint}")
        _step(4, "Start a Marble: the premain proves what it is, and becomes the application.")
        _marble(folder, platform, addresses, "hello", 0)
        _step(5, "Start another program that claims to be that Marble.")
        _marble(folder, platform, addresses, "impostor", 125)
        data("    refused: the premain exited with 125 and started nothing")
        verified.save_evidence(
            folder / "evidence",
            coordinator.manifest(),
            log=coordinator.update_log(),
            server_name=verified.address.host,
        )
    _judge(folder, platform)


def _verify(addresses: Addresses, folder: Path, platform: Platform) -> client.VerifiedCoordinator:
    _step(2, "Verify it before it is told anything.")
    policy = client.CoordinatorPolicy.from_file(folder / "coordinator-era.json")
    trust = _trust(folder, platform)
    verified = client.verify(addresses.client, policy, trust)
    for check in verified.checks:
        data(f"    {printable(str(check))}")
    return verified


def _marble(
    folder: Path, platform: Platform, addresses: Addresses, enclave: str, expected: int
) -> None:
    """Run the premain as an enclave that asks to be the Marble ``hello``.

    Raises:
        ProtocolError: It ended otherwise than expected.
    """
    directory = folder / enclave
    directory.mkdir()
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "EDG_MARBLE_TYPE": "hello",
        "EDG_MARBLE_COORDINATOR_ADDR": addresses.mesh,
        **platform.settings(enclave),
    }
    sys.stdout.flush()
    done = subprocess.run(
        (sys.executable, "-I", "-m", "ringtaw_premain"),
        cwd=directory,
        env=environ,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode != expected:
        raise client.ProtocolError(f"{enclave} ended with {done.returncode}, not {expected}")


def _judge(folder: Path, platform: Platform) -> None:
    _step(6, "Judge the saved evidence again, without the Coordinator.")
    policy = client.CoordinatorPolicy.from_file(folder / "coordinator-era.json")
    judged = client.verify_offline(
        folder / "evidence",
        policy,
        _trust(folder, platform),
        manifest=(folder / "manifest.json").read_bytes(),
    )
    passed = counted(len(judged.checks), "check")
    data(f"    {passed} passed, by a SOFTWARE TEE, which protects nothing")


def _trust(folder: Path, platform: Platform) -> client.Trust:
    return client.Trust(
        collateral=str(platform.collateral),
        roots=platform.roots,
        accept_software_tee=True,
        cache=folder / "cache",
    )


def _step(number: int, text: str) -> None:
    data(click.style(f"{number}. {text}", bold=True))
