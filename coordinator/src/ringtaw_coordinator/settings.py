"""The Coordinator's settings, read from the environment.

The ``EDG_*`` variables are those of MarbleRun's Coordinator (MarbleRun documentation, "Run the
Coordinator"), ``OE_SIMULATION`` is Open Enclave's. An empty value counts as unset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final, TypeVar

from ringtaw_coordinator.errors import SettingsError
from ringtaw_coordinator.names import did_you_mean, quoted

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
        "the same; another one is refused, and an error is logged.",
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
        "Where metrics would be served. Not available yet: a warning is logged.",
    ),
    Setting(
        "EDG_DISTRIBUTED_COORDINATOR",
        "0",
        "`1` would share the state among several Coordinators. Not available yet: refused.",
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
)
"""Every setting there is; an empty default means none."""

_DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}
_OTHERS: Final = ("EDG_MARBLE_", "EDG_CWD")
_LEVELS: Final = {"debug": "debug", "info": "info", "warn": "warning", "error": "error"}
_MAX_NAMES: Final = 100


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; an empty host means all addresses of this machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The validated settings."""

    mesh_address: Address
    client_address: Address
    names: tuple[str, ...]
    seal_directory: Path
    startup_manifest: Path | None
    json_log: bool
    debug_log: bool
    http_error_level: str
    """As the standard library's loggers name it, in lower case."""
    simulation: bool
    adapter: str
    warnings: tuple[str, ...]
    """What is set but has no effect."""


def read_settings(environ: Mapping[str, str], *, simulation: bool = False) -> Settings:
    """Read and validate all settings; ``simulation`` is the flag of the command line.

    Raises:
        SettingsError: A setting is wrong; says which and what it should look like.
    """
    if _read(environ, "EDG_DISTRIBUTED_COORDINATOR", _switch):
        raise SettingsError("EDG_DISTRIBUTED_COORDINATOR: a shared state is not available yet")
    startup_manifest = _read(environ, "EDG_STARTUP_MANIFEST", str)
    debug = _read(environ, "EDG_DEBUG_LOGGING", _switch)
    development = _read(environ, "EDG_COORDINATOR_DEV_MODE", _switch)
    return Settings(
        mesh_address=_read(environ, "EDG_COORDINATOR_MESH_ADDR", _address),
        client_address=_read(environ, "EDG_COORDINATOR_CLIENT_ADDR", _address),
        names=_read(environ, "EDG_COORDINATOR_DNS_NAMES", _names),
        seal_directory=_read(environ, "EDG_COORDINATOR_SEAL_DIR", Path),
        startup_manifest=Path(startup_manifest) if startup_manifest else None,
        json_log=_read(environ, "EDG_LOG_FORMAT", str).lower() == "json",
        debug_log=debug or development,
        http_error_level=_read(environ, "EDG_HTTP_ERROR_LOG_LEVEL", _level),
        simulation=_read(environ, "OE_SIMULATION", _switch) or simulation,
        adapter=_read(environ, "RINGTAW_ADAPTER", str),
        warnings=tuple(_without_effect(environ)),
    )


def _read(environ: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(environ.get(name) or _DEFAULTS[name])
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def _without_effect(environ: Mapping[str, str]) -> list[str]:
    warnings = []
    if environ.get("EDG_COORDINATOR_PROMETHEUS_ADDR"):
        warnings.append("EDG_COORDINATOR_PROMETHEUS_ADDR: metrics are not available yet")
    for name in sorted(environ):
        known = name in _DEFAULTS or name.startswith(_OTHERS)
        if name.startswith("EDG_") and environ[name] and not known:
            hint = did_you_mean(name, _DEFAULTS)
            warnings.append(f"{name}: there is no such setting" + (f"; {hint}" if hint else ""))
    return warnings


def _switch(text: str) -> bool:
    if text.lower() in ("1", "true"):
        return True
    if text.lower() in ("0", "false"):
        return False
    raise ValueError(f"{quoted(text)} is neither 1 nor 0")


def _level(text: str) -> str:
    level = _LEVELS.get(text.lower())
    if level is None:
        raise ValueError(f"{quoted(text)} is none of {', '.join(_LEVELS)}")
    return level


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1
    well_formed = colon and (bracketed or not set(host) & set(":[]")) and 0 <= number <= 65535
    if bracketed:
        host = str(IPv6Address(host[1:-1]))
    if not well_formed or not host.isascii() or not host.isprintable() or " " in host:
        raise ValueError(f"{quoted(text)} is not host:port, [IPv6]:port or :port")
    return Address(host, number)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ValueError(f"{quoted(text)} has no names; separate them by commas")
    if len(names) > _MAX_NAMES:
        raise ValueError(f"{len(names)} names; at most {_MAX_NAMES} are possible")
    for name in names:
        _check_name(name)
    return names


def _check_name(name: str) -> None:
    """Take IP addresses, and DNS names with letters, digits, hyphens, dots, underscores, ``*``."""
    try:
        ip_address(name)
    except ValueError:
        characters = name.replace("-", "").replace(".", "").replace("_", "").replace("*", "")
        if not (characters.isascii() and characters.isalnum()) or len(name) > 253:
            raise ValueError(
                f"{quoted(name)} is neither an IP address nor a DNS name in ASCII"
            ) from None
