"""The command that starts an enclave on the host."""

from __future__ import annotations

import pytest
from ringtaw_buildkit.adapters import build_side
from ringtaw_premain.build_hookspecs import HostCommand, RunRequest
from ringtaw_premain.errors import PlatformError


def _command(*arguments: str, direct: bool = False) -> HostCommand:
    return build_side("gramine").host_command(RunRequest(arguments, {"A": "b"}, direct))


def test_the_enclave_is_started_with_its_arguments_and_environment() -> None:
    command = _command("hello", "--port", "1")
    assert command.argv == ("gramine-sgx", "hello", "--port", "1")
    assert command.environ == {"A": "b"}
    assert "gramine" in command.install_hint


def test_without_sgx() -> None:
    assert _command("hello", direct=True).argv == ("gramine-direct", "hello")


@pytest.mark.parametrize("suffix", [".manifest", ".manifest.sgx", ".sig", ""])
def test_any_of_its_files_names_it(suffix: str) -> None:
    assert _command(f"out/hello{suffix}").argv == ("gramine-sgx", "out/hello")


def test_a_template_cannot_be_started() -> None:
    with pytest.raises(PlatformError, match="is a template"):
        _command("hello.manifest.template")


@pytest.mark.parametrize("arguments", [(), ("",)])
def test_an_application_must_be_named(arguments: tuple[str, ...]) -> None:
    with pytest.raises(PlatformError, match="no application is named"):
        _command(*arguments)
