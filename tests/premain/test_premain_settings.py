from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from ringtaw_premain import settings as settings_module
from ringtaw_premain._parse import Address
from ringtaw_premain.errors import SettingsError
from ringtaw_premain.settings import SETTINGS, read_settings, wants_json_log

from tests.premain.mesh_certificates import Deployment, der, pem

LOOPBACK = (b"\x7f\0\0\1", bytes(15) + b"\1")
ONLY_REQUIRED = {"EDG_MARBLE_TYPE": "hello"}


def test_defaults_are_those_of_marblerun() -> None:
    settings = read_settings(ONLY_REQUIRED)
    assert settings.marble_type == "hello"
    assert settings.coordinator == Address("localhost", 2001)
    assert settings.names.dns_names == ("localhost",)
    assert settings.names.ip_addresses == LOOPBACK
    assert settings.uuid_file == "uuid"
    assert (settings.simulation, settings.adapter, settings.coordinator_pin) == (False, "", None)
    assert settings.activation_timeout == 60.0


def test_an_empty_value_counts_as_unset() -> None:
    empty = {setting.name: "" for setting in SETTINGS}
    assert read_settings(empty | ONLY_REQUIRED) == read_settings(ONLY_REQUIRED)


def test_the_table_lists_exactly_the_variables_that_are_read() -> None:
    names = [setting.name for setting in SETTINGS]
    tree = ast.parse(inspect.getsource(settings_module))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    texts = {
        node.value
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    read = {
        text for text in texts if text.startswith(("EDG_", "OE_", "RINGTAW_")) and " " not in text
    }
    assert set(names) == read
    assert len(names) == len(set(names))
    assert all(setting.description.endswith(".") for setting in SETTINGS)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("coordinator:1", Address("coordinator", 1)),
        ("[::1]:2001", Address("::1", 2001)),
        ("192.0.2.1:65535", Address("192.0.2.1", 65535)),
        ("coordinator-mesh-api.marblerun:2001", Address("coordinator-mesh-api.marblerun", 2001)),
    ],
)
def test_coordinator_addresses(text: str, address: Address) -> None:
    settings = read_settings({**ONLY_REQUIRED, "EDG_MARBLE_COORDINATOR_ADDR": text})
    assert settings.coordinator == address
    assert str(settings.coordinator) == text


def test_names_are_told_from_addresses() -> None:
    text = " backend.example , 192.0.2.7,*.example.org,2001:db8::1,,::ffff:192.0.2.8,127.0.0.1"
    names = read_settings({**ONLY_REQUIRED, "EDG_MARBLE_DNS_NAMES": text}).names
    assert names.dns_names == ("backend.example", "*.example.org")
    assert names.ip_addresses == (
        bytes([192, 0, 2, 7]),
        bytes.fromhex("20010db8000000000000000000000001"),
        bytes([192, 0, 2, 8]),
        *LOOPBACK,
    )


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"EDG_CWD": "/data"}, "/data/uuid"),
        ({"EDG_CWD": "/data", "EDG_MARBLE_UUID_FILE": "my-uuid"}, "my-uuid"),
    ],
)
def test_the_place_of_the_uuid_file(environ: dict[str, str], path: str) -> None:
    assert read_settings(ONLY_REQUIRED | environ).uuid_file == path


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("EDG_MARBLE_TYPE", "", "not set"),
        ("EDG_MARBLE_TYPE", "\udcff", "not UTF-8"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "coordinator", "is not host:port"),
        ("EDG_MARBLE_COORDINATOR_ADDR", ":2001", "is not host:port"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "::1:2001", "in brackets"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "[coordinator]:2001", "not an IPv6 address"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "[127.0.0.1]:2001", "not an IPv6 address"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "coordinator:0", "not a port"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "coordinator:65536", "not a port"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "coordinator:²", "not a port"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "https://coordinator:2001", "in brackets"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "coördinator:2001", "not a host name"),
        ("EDG_MARBLE_COORDINATOR_ADDR", "a b:2001", "not a host name"),
        ("EDG_MARBLE_COORDINATOR_ADDR", ".example:2001", "not a host name"),
        ("EDG_MARBLE_COORDINATOR_ADDR", f"{'x' * 254}:2001", "not a host name"),
        ("EDG_MARBLE_DNS_NAMES", "bücher.example", "xn--"),
        ("EDG_MARBLE_DNS_NAMES", "a b", "neither a DNS name nor an IP address"),
        ("EDG_MARBLE_DNS_NAMES", "x" * 254, "neither a DNS name nor an IP address"),
        ("OE_SIMULATION", "yes", "neither 0 nor 1"),
        ("RINGTAW_ACTIVATION_TIMEOUT", "soon", "not a number of seconds"),
        ("RINGTAW_ACTIVATION_TIMEOUT", "0", "not a number of seconds"),
        ("RINGTAW_ACTIVATION_TIMEOUT", "nan", "not a number of seconds"),
        ("RINGTAW_ACTIVATION_TIMEOUT", "inf", "not a number of seconds"),
        ("RINGTAW_COORDINATOR_PIN", "sha256:abc", "64 hexadecimal digits"),
        ("RINGTAW_COORDINATOR_PIN", "/does/not/exist", "cannot read"),
        ("RINGTAW_COORDINATOR_PIN", "/dev/null", "exactly one certificate"),
    ],
)
def test_a_wrong_value_is_one_error_that_names_the_setting(
    name: str, value: str, problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        read_settings({**ONLY_REQUIRED, name: value})
    assert str(caught.value).startswith(f"{name}: ")


def test_pin_by_fingerprint() -> None:
    digits = "0123456789abcdef" * 4
    colons = ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper()
    for text in (f"sha256:{digits}", f"SHA256:{colons}"):
        pin = read_settings({**ONLY_REQUIRED, "RINGTAW_COORDINATOR_PIN": text}).coordinator_pin
        assert pin is not None
        assert (pin.fingerprint, pin.certificate) == (bytes.fromhex(digits), None)


def test_pin_by_file(tmp_path: Path, coordinator: Deployment) -> None:
    file = tmp_path / "root.pem"
    environ = {**ONLY_REQUIRED, "RINGTAW_COORDINATOR_PIN": str(file)}
    file.write_text(f"Root of the deployment\n{pem(coordinator.root)}")
    pin = read_settings(environ).coordinator_pin
    assert pin is not None
    assert pin.certificate == der(coordinator.root)
    file.write_text(pem(coordinator.intermediate) + pem(coordinator.root))
    with pytest.raises(SettingsError, match="exactly one certificate"):
        read_settings(environ)
    file.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(SettingsError, match="holds no valid certificate"):
        read_settings(environ)


@pytest.mark.parametrize(
    ("value", "json"), [("json", True), ("JSON", True), ("", False), ("text", False), ("?", False)]
)
def test_log_format(value: str, json: bool) -> None:
    assert wants_json_log({"EDG_LOG_FORMAT": value}) is json
