"""Attacks on the whole premain with this adapter: by the Coordinator, the host and the network.

Each starts a process as an enclave would, and demands that nothing starts, nothing stays and no
secret is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from subprocess import CompletedProcess
from typing import Final

from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.errors import VerificationError

from ringtaw_testkit.conformance.context import Context, Marble
from ringtaw_testkit.conformance.model import Cases, Side, Skipped, demand
from ringtaw_testkit.conformance.probe import CANARY
from ringtaw_testkit.identities import marble_root
from ringtaw_testkit.leaks import tells
from ringtaw_testkit.simulator import parameters

CASES: Final = Cases("attack", Side.RUNTIME)
PREMAIN_FAILED: Final = 125
_APPLICATION_CODE: Final = 42
_CODES: Final = (1, 16, 99)
"""CANCELLED, UNAUTHENTICATED, and one that does not exist."""


@CASES.case("none", because="what starts nothing withstands every attack and is no use")
def none(context: Context) -> None:
    """With an honest Coordinator the Marble comes up, and its quote is bound to its connection."""
    with context.marble() as marble:
        honest = {"files": {"secrets/key": CANARY}, "env": {"GREETING": b"hello"}}
        marble.coordinator.admit(parameters(str(marble.program), "a", "b c", **honest))
        ran = marble.start()
        expected = (_APPLICATION_CODE, "hello a b c\n")
        demand((ran.returncode, ran.stdout) == expected, f"it failed: {_last_line(ran)}")
        demand((marble.directory / "secrets/key").read_bytes() == CANARY, "a file is not there")
        demand(not tells(ran.stderr, [CANARY]), "a secret is in the log")
        if context.inside.report_data:
            request = marble.coordinator.requests[-1]
            digest = hashlib.sha256(request.peer_certificate).digest()
            found = context.inside.report_data(request.quote)
            demand(
                found == digest + bytes(32), "the quote is not over the connection's certificate"
            )


@CASES.case("path-leads-outside", because="a file could replace what was measured")
def path_leads_outside(context: Context) -> None:
    """A file whose path has '..' in it is not written, and nothing starts."""
    _refuses(context, files={"secrets/../../outside": CANARY})
    demand(not (context.workspace / "outside").exists(), "it was written")


@CASES.case("path-with-nul", because="the kernel would cut the path and write another file")
def path_with_nul(context: Context) -> None:
    """A file whose path has a NUL byte is not written, and nothing starts."""
    _refuses(context, files={"secrets/key\0.txt": CANARY})


@CASES.case("path-too-long", because="half of the files must not be written before one fails")
def path_too_long(context: Context) -> None:
    """A path longer than any file system takes is an error, and no other file stays."""
    _refuses(context, files={"secrets/" + "x" * 5000: CANARY})


@CASES.case("path-below-a-file", because="half of the files must not be written before one fails")
def path_below_a_file(context: Context) -> None:
    """Two files of which one lies below the other are an error, and neither stays."""
    _refuses(context, files={"secrets/key/below": CANARY})


@CASES.case("link-in-the-way", because="the host may put a link where a secret will be written")
def link_in_the_way(context: Context) -> None:
    """A symbolic link where a file goes is not followed, and nothing starts."""
    target = context.new_directory("target") / "file"
    with context.marble() as marble:
        (marble.directory / "linked").symlink_to(target)
        marble.coordinator.admit(_given(marble, files={"linked": CANARY}))
        _demand_nothing(marble, marble.start(), stays={"linked"})
    demand(not target.exists(), "the secret was written through the link")


@CASES.case("variable-with-equals-sign", because="it would set another variable than it says")
def variable_with_equals_sign(context: Context) -> None:
    """A variable whose name no variable can have is an error, and nothing starts."""
    _refuses(context, env={"LD_PRELOAD=/x": CANARY})


@CASES.case("argument-with-nul", because="the kernel would cut it, and a flag might get lost")
def argument_with_nul(context: Context) -> None:
    """An argument with a NUL byte is an error, and nothing starts."""
    _refuses(context, "--safe\0--insecure")


@CASES.case("ttls-that-nobody-enforces", because="the application would talk in the clear")
def ttls_that_nobody_enforces(context: Context) -> None:
    """A transparent-TLS policy is refused unless something in this runtime enforces it."""
    if context.adapter.enforces_ttls:
        raise Skipped("it says that its runtime enforces transparent TLS")
    policy = {"tls": {"Outgoing": {"a:1": {"clikey": CANARY.decode()}}, "Incoming": {}}}
    _refuses(context, env={"MARBLE_TTLS_CONFIG": json.dumps(policy).encode()})


@CASES.case("refusal", because="an operator has to read why, and nobody else anything more")
def refusal(context: Context) -> None:
    """A refused Marble starts nothing and says in one line what the Coordinator said."""
    with context.marble() as marble:
        marble.coordinator.refuse(VerificationError("unknown package"))
        ran = marble.start()
        _demand_nothing(marble, ran)
        demand("unknown package" in _last_line(ran), "the log does not say why")


@CASES.case("strange-status", because="a Coordinator of another make may end calls in any way")
def strange_status(context: Context) -> None:
    """Whatever gRPC status ends the activation, nothing starts."""
    with context.marble() as marble:
        for code in _CODES:
            marble.coordinator.fail_with(code, "no")
            _demand_nothing(marble, marble.start(), stays={"uuid"})


@CASES.case("answer-cut-short", because="half of what was given may be the half that is harmless")
def answer_cut_short(context: Context) -> None:
    """Half an answer that claims to be all is an error, and nothing of it is used."""
    with context.marble() as marble:
        marble.coordinator.answer_cut_short(_given(marble, files={"half": CANARY * 100}))
        _demand_nothing(marble, marble.start())


@CASES.case("answer-of-garbage", because="whoever answers may be no Coordinator at all")
def answer_of_garbage(context: Context) -> None:
    """An answer that does not parse is an error, and nothing starts."""
    with context.marble() as marble:
        marble.coordinator.answer_bytes(b"\xff" * 100)
        _demand_nothing(marble, marble.start())


@CASES.case("hang-up", because="the network is the host's")
def hang_up(context: Context) -> None:
    """A connection that ends in the middle of the answer is tried again, then an error."""
    with context.marble() as marble:
        marble.coordinator.admit(_given(marble, files={"large": CANARY * 1000}))
        with marble.coordinator.hanging_up(after=4000) as address:
            _demand_nothing(marble, marble.start(address, RINGTAW_ACTIVATION_TIMEOUT="1"))


@CASES.case("stall", because="a start that never ends looks like one that is slow")
def stall(context: Context) -> None:
    """A Coordinator that never answers is given up after the time that was set."""
    with context.marble() as marble:
        marble.coordinator.hang()
        _demand_nothing(marble, marble.start(RINGTAW_ACTIVATION_TIMEOUT="1"))


@CASES.case("other-certificate", because="who pins a Coordinator trusts no other")
def other_certificate(context: Context) -> None:
    """A Coordinator that is not the pinned one gets nothing, not even the quote."""
    with context.marble() as marble:
        pin = marble.directory / "pin.pem"
        pin.write_bytes(marble.coordinator.root.pem)
        marble.coordinator.present(marble_root())
        marble.coordinator.admit(_given(marble))
        ran = marble.start(RINGTAW_COORDINATOR_PIN=str(pin))
        _demand_nothing(marble, ran, stays={"pin.pem", "uuid"})
        demand(not marble.coordinator.requests, "it sent its quote to somebody else")


@CASES.case(
    "replayed-quote", because="an old quote would let somebody else's connection in", alone=True
)
def replayed_quote(context: Context) -> None:
    """A platform that gives an old quote is found out before anything is sent."""
    if context.inside.replaying is None:
        raise Skipped("the harness cannot replay a quote")
    with context.marble() as marble, context.inside.replaying():
        marble.coordinator.admit(_given(marble))
        _demand_nothing(marble, marble.start())
        demand(not marble.coordinator.requests, "it sent the old quote")


@CASES.case("no-such-program", because="secrets must not stay where nothing uses them")
def no_such_program(context: Context) -> None:
    """If the program does not exist, the exit code is 127 and the files are removed again."""
    with context.marble() as marble:
        marble.program.unlink()
        marble.coordinator.admit(_given(marble))
        _demand_nothing(marble, marble.start(), code=127)


def _refuses(
    context: Context,
    *arguments: str,
    files: Mapping[str, bytes] | None = None,
    env: Mapping[str, bytes] | None = None,
) -> None:
    """Have a Coordinator give what no Marble may take."""
    with context.marble() as marble:
        marble.coordinator.admit(_given(marble, *arguments, files=files, env=env))
        _demand_nothing(marble, marble.start())


def _given(
    marble: Marble,
    *arguments: str,
    files: Mapping[str, bytes] | None = None,
    env: Mapping[str, bytes] | None = None,
) -> MarbleParameters:
    """Return an honest Marble's parameters with something added."""
    return parameters(
        str(marble.program),
        *arguments,
        files={"secrets/key": CANARY, **(files or {})},
        env={"SECRET": CANARY, **(env or {})},
    )


def _demand_nothing(
    marble: Marble,
    ran: CompletedProcess[str],
    *,
    code: int = PREMAIN_FAILED,
    stays: frozenset[str] | set[str] = frozenset({"uuid"}),
) -> None:
    demand(not marble.started, "the application was started")
    demand(ran.returncode == code, f"the exit code is {ran.returncode}: {_last_line(ran)}")
    demand(not tells(ran.stderr + ran.stdout, [CANARY]), "a secret is in the log")
    demand(_last_line(ran).startswith("[PreMain] Error: "), f"it ends with: {_last_line(ran)}")
    allowed = {*stays, "uuid", marble.program.name}
    left = sorted({path.name for path in marble.directory.iterdir()} - allowed)
    demand(not left, f"it leaves {', '.join(left)} behind")


def _last_line(ran: CompletedProcess[str]) -> str:
    lines = ran.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {ran.returncode} without a word"
