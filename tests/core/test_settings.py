"""The Coordinator's settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_coordinator._parse import Address
from ringtaw_coordinator.errors import SettingsError
from ringtaw_coordinator.limit_settings import CLIENT_SETTINGS, LimitSetting
from ringtaw_coordinator.server.limits import ClientLimits, MeshLimits
from ringtaw_coordinator.settings import (
    LIMITS,
    SETTINGS,
    CollateralSettings,
    Settings,
    read_settings,
)

NAMES = {
    **{setting.name: setting.default for setting in SETTINGS},
    **{limit.name: limit.default for limit in LIMITS},
}


def test_defaults() -> None:
    assert read_settings({}) == Settings(
        mesh_address=Address("", 2001),
        client_address=Address("", 4433),
        metrics_address=None,
        names=("localhost",),
        seal_directory=Path("marblerun-coordinator-data"),
        startup_manifest=None,
        json_log=False,
        debug_log=False,
        http_error_level="error",
        simulation=False,
        adapter="",
        anchor="",
        collateral=CollateralSettings(
            location="https://api.trustedservices.intel.com",
            cache=Path("marblerun-coordinator-data/collateral"),
            timeout=10.0,
            tls_ca=None,
            accept_any_certificate=False,
        ),
        trusted_roots=None,
        client_limits=ClientLimits(),
        mesh_limits=MeshLimits(),
        warnings=(),
    )


def test_empty_values_count_as_unset() -> None:
    assert read_settings(dict.fromkeys(NAMES, "")) == read_settings({})


def test_written_defaults_are_the_defaults() -> None:
    assert read_settings(NAMES) == read_settings({})


def test_metrics_are_off_unless_there_is_an_address() -> None:
    settings = read_settings({"EDG_COORDINATOR_PROMETHEUS_ADDR": "127.0.0.1:9944"})
    assert settings.metrics_address == Address("127.0.0.1", 9944)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_limits_reach_the_servers_and_have_bounds(limit: LimitSetting) -> None:
    room = {"RINGTAW_CLIENT_API_MAX_BUFFERED": str(1 << 30)}
    if limit.field == "max_buffered":
        room = {"RINGTAW_CLIENT_API_MAX_BODY": "65536"}
    for value in (limit.minimum, limit.maximum):
        settings = read_settings({**room, limit.name: str(value)})
        limits = settings.client_limits if limit in CLIENT_SETTINGS else settings.mesh_limits
        assert getattr(limits, limit.field) == value
        assert type(getattr(limits, limit.field)) is type(limit.minimum)
    for text in ("-1", "x", "1e3", "nan", " 5", "\u0665", "1.5.1", "9" * 30, "0"):
        with pytest.raises(SettingsError, match=f"^{limit.name}: .* from "):
            read_settings({limit.name: text})


def test_all_bodies_together_are_no_less_than_one() -> None:
    with pytest.raises(SettingsError, match=r"^RINGTAW_CLIENT_API_MAX_BUFFERED: 65536 is less"):
        read_settings({"RINGTAW_CLIENT_API_MAX_BUFFERED": "65536"})


def test_everything_set() -> None:
    settings = read_settings(
        {
            "EDG_COORDINATOR_MESH_ADDR": "[::1]:0",
            "EDG_COORDINATOR_CLIENT_ADDR": "coordinator.example:443",
            "EDG_COORDINATOR_DNS_NAMES": "a.example, *.b.example,192.0.2.1, ::2,a.example,",
            "EDG_COORDINATOR_SEAL_DIR": "/data",
            "EDG_STARTUP_MANIFEST": "/manifest.json",
            "EDG_LOG_FORMAT": "JSON",
            "EDG_DEBUG_LOGGING": "1",
            "EDG_HTTP_ERROR_LOG_LEVEL": "WARN",
            "OE_SIMULATION": "1",
            "RINGTAW_ADAPTER": "gramine",
            "RINGTAW_COLLATERAL": "https://pccs.example:8081",
            "RINGTAW_COLLATERAL_CACHE": "/cache",
            "RINGTAW_COLLATERAL_TIMEOUT": "0.5",
            "RINGTAW_PCCS_CA": "/pccs.pem",
            "RINGTAW_TRUSTED_ROOTS": "/roots.pem",
        }
    )
    assert settings.mesh_address == Address("::1", 0)
    assert str(settings.mesh_address) == "[::1]:0"
    assert settings.client_address == Address("coordinator.example", 443)
    assert str(settings.client_address) == "coordinator.example:443"
    assert settings.names == ("a.example", "*.b.example", "192.0.2.1", "::2")
    assert settings.seal_directory == Path("/data")
    assert settings.startup_manifest == Path("/manifest.json")
    assert settings.json_log
    assert settings.debug_log
    assert settings.http_error_level == "warning"
    assert settings.simulation
    assert settings.adapter == "gramine"
    assert settings.trusted_roots == Path("/roots.pem")
    assert settings.collateral == CollateralSettings(
        location="https://pccs.example:8081",
        cache=Path("/cache"),
        timeout=0.5,
        tls_ca=Path("/pccs.pem"),
        accept_any_certificate=False,
    )


def test_collateral_is_kept_beside_the_state() -> None:
    settings = read_settings({"EDG_COORDINATOR_SEAL_DIR": "/data"})
    assert settings.collateral.cache == Path("/data/collateral")


def test_a_pccs_is_verified_or_it_is_not() -> None:
    insecure = "RINGTAW_PCCS_INSECURE_ACCEPT_ANY_CERTIFICATE"
    assert read_settings({insecure: "1"}).collateral.accept_any_certificate
    with pytest.raises(SettingsError, match=f"^RINGTAW_PCCS_CA: has no effect with {insecure}"):
        read_settings({insecure: "1", "RINGTAW_PCCS_CA": "/pccs.pem"})


def test_simulation_by_flag() -> None:
    assert read_settings({"OE_SIMULATION": "0"}, simulation=True).simulation


def test_development_mode_logs_more() -> None:
    assert read_settings({"EDG_COORDINATOR_DEV_MODE": "1"}).debug_log


@pytest.mark.parametrize(
    "text",
    [
        "2001",
        ":",
        "localhost:",
        "localhost:port",
        "localhost:65536",
        "localhost:-1",
        "localhost: 80",
        "localhost:٨",
        "::1:2001",
        "[::1]",
        "[::1:2001",
        "::1]:2001",
        "[localhost]:1",
        "[127.0.0.1]:1",
        "two words:1",
        "müller.example:1",
        "a\0b:1",
    ],
)
def test_wrong_addresses(text: str) -> None:
    for name in ("EDG_COORDINATOR_MESH_ADDR", "EDG_COORDINATOR_CLIENT_ADDR"):
        with pytest.raises(SettingsError, match=f"^{name}: "):
            read_settings({name: text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("EDG_COORDINATOR_DNS_NAMES", ","),
        ("EDG_COORDINATOR_DNS_NAMES", "müller.example"),
        ("EDG_COORDINATOR_DNS_NAMES", "two words"),
        ("EDG_COORDINATOR_DNS_NAMES", "-"),
        ("EDG_COORDINATOR_DNS_NAMES", "x" * 254),
        ("EDG_COORDINATOR_DNS_NAMES", ",".join(f"n{n}" for n in range(101))),
        ("EDG_DEBUG_LOGGING", "yes"),
        ("EDG_COORDINATOR_DEV_MODE", "2"),
        ("OE_SIMULATION", "on"),
        ("OE_SIMULATION", "true"),
        ("EDG_HTTP_ERROR_LOG_LEVEL", "loud"),
        ("EDG_DISTRIBUTED_COORDINATOR", "1"),
        ("RINGTAW_COLLATERAL_TIMEOUT", "0"),
        ("RINGTAW_COLLATERAL_TIMEOUT", "61"),
        ("RINGTAW_COLLATERAL_TIMEOUT", "nan"),
        ("RINGTAW_COLLATERAL_TIMEOUT", "10 s"),
        ("RINGTAW_PCCS_INSECURE_ACCEPT_ANY_CERTIFICATE", "yes"),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        read_settings({name: text})


def test_what_has_no_effect_is_told() -> None:
    environ = {
        "EDG_COORDINATOR_SEAL_DIRECTORY": "/data",
        "EDG_MAA_URL": "https://maa.example",
        "EDG_MARBLE_TYPE": "of a Marble in the same environment",
        "RINGTAW_TRUSTED_ROOT": "/roots.pem",
        "RINGTAW_CLIENT_API_MAX_BODIES": "1",
        "RINGTAW_ACTIVATION_TIMEOUT": "of a Marble as well",
        "PATH": "/bin",
    }
    misspelt, unknown, limit, root = read_settings(environ).warnings
    assert 'did you mean "RINGTAW_CLIENT_API_MAX_BODY"?' in limit
    assert misspelt.startswith("EDG_COORDINATOR_SEAL_DIRECTORY: there is no such setting")
    assert 'did you mean "EDG_COORDINATOR_SEAL_DIR"?' in misspelt
    assert unknown.startswith("EDG_MAA_URL: there is no such setting")
    assert 'did you mean "RINGTAW_TRUSTED_ROOTS"?' in root


def test_every_setting_is_described() -> None:
    assert len(NAMES) == len(SETTINGS) + len(LIMITS)
    descriptions = [setting.description for setting in SETTINGS]
    descriptions += [limit.description for limit in LIMITS]
    assert all(description.endswith(".") for description in descriptions)
