"""The Coordinator's settings, read from the environment.

The ``EDG_*`` variables are those of MarbleRun's Coordinator (MarbleRun documentation, "Run the
Coordinator"), ``OE_SIMULATION`` is Open Enclave's. An empty value counts as unset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ringtaw_coordinator import _parse
from ringtaw_coordinator.errors import SettingsError
from ringtaw_coordinator.limit_settings import (
    CLIENT,
    CLIENT_SETTINGS,
    MESH,
    MESH_SETTINGS,
    LimitSetting,
    read_client_limits,
    read_mesh_limits,
)
from ringtaw_coordinator.names import did_you_mean
from ringtaw_coordinator.server.limits import ClientLimits, MeshLimits

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, its default as it would be written, what it does."""

    name: str
    default: str
    description: str


SETTINGS: Final = (
    Setting(
        "EDG_COORDINATOR_MESH_ADDR",
        ":2001",
        "Where Marbles are served (gRPC): `host:port`, `[IPv6]:port`, or `:port` for all "
        "addresses of this machine. Port 0 takes a free one, which the log names.",
    ),
    Setting(
        "EDG_COORDINATOR_CLIENT_ADDR",
        ":4433",
        "Where operators and users are served (HTTPS), in the same forms.",
    ),
    Setting(
        "EDG_COORDINATOR_DNS_NAMES",
        "localhost",
        "DNS names and IP addresses for the Coordinator's certificates, separated by commas. "
        "127.0.0.1 and ::1 are always added.",
    ),
    Setting(
        "EDG_COORDINATOR_SEAL_DIR",
        "marblerun-coordinator-data",
        "Directory that keeps the sealed state. It is created if it is missing.",
    ),
    Setting(
        "EDG_STARTUP_MANIFEST",
        "",
        "File with a manifest to set at the first start. Once a manifest is set the file may hold "
        "the same; another one is refused, and an error is logged. Owners of recovery keys get no "
        "secrets this way.",
    ),
    Setting(
        "EDG_LOG_FORMAT",
        "text",
        "`json`, in any letter case, for JSON lines on standard error; anything else for text.",
    ),
    Setting("EDG_DEBUG_LOGGING", "0", "`1` logs more."),
    Setting("EDG_COORDINATOR_DEV_MODE", "0", "`1` logs more, as `EDG_DEBUG_LOGGING` does."),
    Setting(
        "EDG_HTTP_ERROR_LOG_LEVEL",
        "error",
        "Level at which errors of the HTTP server behind the client API are logged: `debug`, "
        "`info`, `warn` or `error`.",
    ),
    Setting(
        "EDG_COORDINATOR_PROMETHEUS_ADDR",
        "",
        "Where metrics (`/metrics`, for Prometheus) and the latest activations (`/events`) are "
        "served, in the same forms. Unset: nowhere. It is plain HTTP that anybody may read: keep "
        "it inside your network.",
    ),
    Setting(
        "EDG_DISTRIBUTED_COORDINATOR",
        "0",
        "`1` would share the state among several Coordinators. Not available yet, and refused: run "
        "one, and [recover](state.md#recovery) its state on another host if its own is lost.",
    ),
    Setting(
        "OE_SIMULATION",
        "0",
        "`1` checks no evidence and protects no key, as `--simulation` does. Never in production.",
    ),
    Setting(
        "RINGTAW_ADAPTER",
        "",
        "Name of the adapter for the libOS that the Coordinator runs in. By default it is the one "
        "that detects its runtime.",
    ),
    Setting(
        "RINGTAW_ANCHOR",
        "",
        "What remembers the latest state out of the host's reach, so that an older one that is put "
        "back is refused: `file:` and an absolute path, or another kind that is installed. By "
        "default nothing does. See [what a host can put back](state.md#what-a-host-can-put-back).",
    ),
    Setting(
        "RINGTAW_COLLATERAL",
        "https://api.trustedservices.intel.com",
        "Where collateral for verifying evidence comes from: the URL of a PCCS or of Intel's PCS, "
        "up to but without `/sgx/certification/v4`; or the path of a file or directory with "
        "collateral.",
    ),
    Setting(
        "RINGTAW_COLLATERAL_CACHE",
        "",
        "Directory that keeps what a PCCS or the PCS gave. By default `collateral` in "
        "`EDG_COORDINATOR_SEAL_DIR`.",
    ),
    Setting(
        "RINGTAW_COLLATERAL_TIMEOUT",
        "10",
        "Seconds that a PCCS or the PCS has for each answer.",
    ),
    Setting(
        "RINGTAW_PCCS_CA",
        "",
        "PEM file with the CA that certified the PCCS, or with its self-signed certificate. By "
        "default the CAs that this machine trusts.",
    ),
    Setting(
        "RINGTAW_PCCS_INSECURE_ACCEPT_ANY_CERTIFICATE",
        "0",
        "`1` does not verify the certificate of the PCCS. Collateral is signed, but anyone on the "
        "way can then hold back news, such as revocations, until it expires.",
    ),
    Setting(
        "RINGTAW_TRUSTED_ROOTS",
        "",
        "PEM file with root certificates that evidence may rest on beside Intel's, for example a "
        "software TEE's. Who chooses them chooses which evidence counts as genuine: inside an "
        "enclave, setting and file must be measured.",
    ),
)
"""Every setting but the limits; an empty default means none."""

LIMITS: Final[tuple[LimitSetting, ...]] = (*CLIENT_SETTINGS, *MESH_SETTINGS)
"""Settings of what strangers are given, numbers all of them."""

_DEFAULTS: Final = {
    **{setting.name: setting.default for setting in SETTINGS},
    **{limit.name: limit.default for limit in LIMITS},
}
_OTHERS: Final = ("EDG_MARBLE_", "EDG_CWD")
_FAMILIES: Final = (
    "EDG_",
    "RINGTAW_ANCHOR",
    "RINGTAW_COLLATERAL",
    "RINGTAW_PCCS",
    "RINGTAW_TRUSTED",
    CLIENT,
    MESH,
)
"""How names begin that nobody but the Coordinator has."""


@dataclass(frozen=True, slots=True)
class CollateralSettings:
    """Where collateral comes from and is kept."""

    location: str
    """URL or path."""
    cache: Path
    timeout: float
    """Seconds per request."""
    tls_ca: Path | None
    accept_any_certificate: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """The validated settings."""

    mesh_address: _parse.Address
    client_address: _parse.Address
    metrics_address: _parse.Address | None
    names: tuple[str, ...]
    seal_directory: Path
    startup_manifest: Path | None
    json_log: bool
    debug_log: bool
    http_error_level: str
    """As the standard library's loggers name it, in lower case."""
    simulation: bool
    adapter: str
    anchor: str
    """``kind:location``; empty for none."""
    collateral: CollateralSettings
    trusted_roots: Path | None
    client_limits: ClientLimits
    mesh_limits: MeshLimits
    warnings: tuple[str, ...]
    """What is set but has no effect."""


def read_settings(environ: Mapping[str, str], *, simulation: bool = False) -> Settings:
    """Read and validate all settings; ``simulation`` is the flag of the command line.

    Raises:
        SettingsError: A setting is wrong; says which and what it should look like.
    """
    if _read(environ, "EDG_DISTRIBUTED_COORDINATOR", _parse.switch):
        raise SettingsError(
            "EDG_DISTRIBUTED_COORDINATOR: several Coordinators cannot share a state yet; leave it "
            "out, or 0, and run one, whose state is recovered on another host if its own is lost"
        )
    seal_directory = _read(environ, "EDG_COORDINATOR_SEAL_DIR", Path)
    debug = _read(environ, "EDG_DEBUG_LOGGING", _parse.switch)
    development = _read(environ, "EDG_COORDINATOR_DEV_MODE", _parse.switch)
    return Settings(
        mesh_address=_read(environ, "EDG_COORDINATOR_MESH_ADDR", _parse.address),
        client_address=_read(environ, "EDG_COORDINATOR_CLIENT_ADDR", _parse.address),
        metrics_address=_read(environ, "EDG_COORDINATOR_PROMETHEUS_ADDR", _parse.optional_address),
        names=_read(environ, "EDG_COORDINATOR_DNS_NAMES", _parse.names),
        seal_directory=seal_directory,
        startup_manifest=_read(environ, "EDG_STARTUP_MANIFEST", _parse.optional_path),
        json_log=_read(environ, "EDG_LOG_FORMAT", str).lower() == "json",
        debug_log=debug or development,
        http_error_level=_read(environ, "EDG_HTTP_ERROR_LOG_LEVEL", _parse.level),
        simulation=_read(environ, "OE_SIMULATION", _parse.insecure_switch) or simulation,
        adapter=_read(environ, "RINGTAW_ADAPTER", str),
        anchor=_read(environ, "RINGTAW_ANCHOR", str),
        collateral=_collateral(environ, seal_directory),
        trusted_roots=_read(environ, "RINGTAW_TRUSTED_ROOTS", _parse.optional_path),
        client_limits=read_client_limits(environ),
        mesh_limits=read_mesh_limits(environ),
        warnings=tuple(_without_effect(environ)),
    )


def _collateral(environ: Mapping[str, str], seal_directory: Path) -> CollateralSettings:
    cache = _read(environ, "RINGTAW_COLLATERAL_CACHE", _parse.optional_path)
    insecure = "RINGTAW_PCCS_INSECURE_ACCEPT_ANY_CERTIFICATE"
    settings = CollateralSettings(
        location=_read(environ, "RINGTAW_COLLATERAL", str),
        cache=cache or seal_directory / "collateral",
        timeout=_read(environ, "RINGTAW_COLLATERAL_TIMEOUT", _parse.seconds),
        tls_ca=_read(environ, "RINGTAW_PCCS_CA", _parse.optional_path),
        accept_any_certificate=_read(environ, insecure, _parse.insecure_switch),
    )
    if settings.tls_ca and settings.accept_any_certificate:
        raise SettingsError(f"RINGTAW_PCCS_CA: has no effect with {insecure}; choose one of them")
    return settings


def _read(environ: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(environ.get(name) or _DEFAULTS[name])
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def _without_effect(environ: Mapping[str, str]) -> list[str]:
    warnings = []
    for name in sorted(environ):
        known = name in _DEFAULTS or name.startswith(_OTHERS)
        if name.startswith(_FAMILIES) and environ[name] and not known:
            hint = did_you_mean(name, _DEFAULTS)
            warnings.append(f"{name}: there is no such setting" + (f"; {hint}" if hint else ""))
    return warnings
