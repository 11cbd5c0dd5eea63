"""Scripts written for MarbleRun's CLI: its commands, arguments and options are taken.

The tables are facts of its documentation (version 1.9), without what is about Kubernetes.
"""

from __future__ import annotations

import click
import pytest
from ringtaw_cli.command import DefaultGroup
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.go_forms import as_click_has_them
from ringtaw_cli.leading import in_order
from ringtaw_cli.program import program

from tests.cli.installed import Workplace

VALUE, FLAG = False, True
REACHING = {
    "--accepted-advisories": VALUE,
    "--accepted-tcb-statuses": VALUE,
    "--coordinator-cert": VALUE,
    "--era-config": VALUE,
    "--insecure": FLAG,
    "-i": FLAG,
    "--namespace": VALUE,
    "-n": VALUE,
    "--nonce": VALUE,
    "--save-sgx-quote": VALUE,
}
TOKEN = {"--pkcs11-config": VALUE, "--pkcs11-key-id": VALUE, "--pkcs11-key-label": VALUE}
KEY = {"-k": VALUE, "--key": VALUE, **TOKEN}
USER = {
    **KEY,
    "-c": VALUE,
    "--cert": VALUE,
    "--pkcs11-cert-id": VALUE,
    "--pkcs11-cert-label": VALUE,
}
OUTPUT = {"-o": VALUE, "--output": VALUE}
RECOVERY_DATA = {"-r": VALUE, "--recoverydata": VALUE}

COMMANDS: dict[str, tuple[int, dict[str, bool]]] = {
    "status": (1, REACHING),
    "manifest get": (
        1,
        {
            **REACHING,
            **OUTPUT,
            **dict.fromkeys(("-u", "--display-update", "-s", "--signature", "--keep-cert"), FLAG),
        },
    ),
    "manifest log": (1, {**REACHING, **OUTPUT}),
    "manifest set": (2, {**REACHING, **RECOVERY_DATA}),
    "manifest signature": (1, REACHING),
    "package-info": (1, REACHING),
    "manifest verify": (2, REACHING),
    "manifest update apply": (2, {**REACHING, **USER, **RECOVERY_DATA}),
    "manifest update acknowledge": (2, {**REACHING, **USER, **RECOVERY_DATA}),
    "manifest update cancel": (1, {**REACHING, **USER}),
    "manifest update get": (1, {**REACHING, **OUTPUT, "--missing": FLAG}),
    "certificate root": (1, {**REACHING, **OUTPUT}),
    "certificate intermediate": (1, {**REACHING, **OUTPUT}),
    "certificate chain": (1, {**REACHING, **OUTPUT}),
    "secret set": (2, {**REACHING, **USER, "--from-pem": VALUE}),
    "secret get": (2, {**REACHING, **USER, **OUTPUT}),
    "recover": (2, {**REACHING, **KEY}),
    "recover-with-signature": (2, {**REACHING, "-s": VALUE, "--signature": VALUE}),
    "recover-with-signature public-key": (1, {**REACHING, **OUTPUT}),
    "recover-with-signature encrypt-secret": (
        1,
        {**REACHING, **KEY, **OUTPUT, "--coordinator-pub-key": VALUE},
    ),
    "recover-with-signature sign-secret": (1, {**REACHING, **KEY, **OUTPUT}),
    "version": (0, REACHING),
}


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_takes_the_same_arguments_and_options(path: str) -> None:
    arguments, options = COMMANDS[path]
    command = find(path)
    ours = {
        name: bool(getattr(option, "is_flag", False))
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    assert ours == {**ours, **options}
    assert sum(isinstance(each, click.Argument) for each in command.params) == arguments


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("--insecure manifest get H", "manifest get --insecure H"),
        (
            "-i --nonce=n manifest --era-config f set F H",
            "manifest set -i --nonce=n --era-config f F H",
        ),
        ("--debug -i manifest update apply F H", "--debug manifest update apply -i F H"),
        ("-i recover-with-signature F H -s S", "recover-with-signature F -i H -s S"),
        ("-i recover-with-signature public-key H", "recover-with-signature public-key -i H"),
        ("--cert c -k k secret get N H", "secret get --cert c -k k N H"),
        ("secret --pkcs11-config t get N H", "secret get --pkcs11-config t N H"),
        ("-n space --namespace=space version", "version -n space --namespace=space"),
        ("manifest get H -i", "manifest get H -i"),
        ("-i", "-i"),
        ("-i unknown", "-i unknown"),
        ("gramine run app -- -i", "gramine run app -- -i"),
    ],
)
def test_options_before_the_command_are_taken_as_cobra_takes_them(written: str, meant: str) -> None:
    assert in_order(written.split()) == meant.split()


def test_the_program_takes_options_before_the_command(place: Workplace) -> None:
    done = place.run("--insecure", "manifest", "--coordinator-cert", "c.pem", "log", "127.0.0.1:1")
    assert done.returncode == ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("H --insecure=true", "H --insecure"),
        ("H -i=1 --insecure=False", "H -i"),
        ("H --insecure=perhaps", "H --insecure=perhaps"),
        ("H -o=FILE --output=FILE", "H -o FILE --output=FILE"),
        ("H -o=", "H -o "),
        ("--nonce --insecure=true H", "--nonce --insecure=true H"),
        ("H -o", "H -o"),
        ("-- --insecure=true -o=FILE", "-- --insecure=true -o=FILE"),
    ],
)
def test_options_are_taken_in_the_forms_of_go(written: str, meant: str) -> None:
    parameters = find("certificate root").params
    assert list(as_click_has_them(parameters, written.split(" "))) == meant.split(" ")


def test_the_program_takes_the_forms_of_go_and_the_names_of_examples(place: Workplace) -> None:
    place.write("manifest.json", "{}")
    reaching = "manifest.json", "localhost:1", "--insecure=true", "-n=marblerun"
    for option in ("-r=kept.json", "--recoverydata=kept.json", "--recovery-data=kept.json"):
        done = place.run("manifest", "set", option, *reaching)
        assert done.returncode == ExitCode.UNREACHABLE
        assert "--namespace is about Kubernetes, and has no effect here\n" in done.stderr
    assert place.run("manifest", "signature", "-i", "manifest.json").stdout == (
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n"
    )


def test_a_group_that_is_a_command_shows_both() -> None:
    group = find("recover-with-signature", resolve_default=False)
    context = click.Context(group, info_name="recover-with-signature", **program.context_settings)
    shown = group.get_help(context)
    assert shown.count("Usage: ") == 2
    assert "public-key" in shown
    assert "--signature" in shown


def find(path: str, *, resolve_default: bool = True) -> click.Command:
    command: click.Command = program
    for name in path.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None, path
        command = found
    return command.default if resolve_default and isinstance(command, DefaultGroup) else command
