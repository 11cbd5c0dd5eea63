"""The premain's settings, read from the environment.

The ``EDG_*`` variables are those of MarbleRun's Marbles (MarbleRun documentation, "Add a service"),
``OE_SIMULATION`` is Open Enclave's; the ``RINGTAW_*`` ones are ours. An empty value counts as
unset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

from ringtaw_premain import _parse
from ringtaw_premain.errors import SettingsError

Value = TypeVar("Value")


class Setting(NamedTuple):
    """One environment variable: its name, its default in words or as is, and what it does."""

    name: str
    default: str
    description: str


SETTINGS: Final = (
    Setting(
        "EDG_MARBLE_TYPE",
        "",
        "Name of this Marble under `Marbles` in the manifest. Required.",
    ),
    Setting(
        "EDG_MARBLE_COORDINATOR_ADDR",
        "localhost:2001",
        "The Coordinator's mesh API as `host:port` or `[IPv6]:port`.",
    ),
    Setting(
        "EDG_MARBLE_DNS_NAMES",
        "localhost",
        "DNS names and IP addresses for the Marble's certificate, separated by commas. "
        "127.0.0.1 and ::1 are always added.",
    ),
    Setting(
        "EDG_MARBLE_UUID_FILE",
        "uuid",
        "File that keeps the Marble's UUID across restarts. The default lies in `EDG_CWD` if that "
        "is set, else in the working directory.",
    ),
    Setting(
        "EDG_CWD",
        "",
        "Directory of the default UUID file.",
    ),
    Setting(
        "EDG_LOG_FORMAT",
        "text",
        "`json`, in any letter case, for JSON lines on standard error; anything else for text.",
    ),
    Setting(
        "OE_SIMULATION",
        "0",
        "`1` sends an empty quote where the platform gives none. Only a Coordinator in simulation "
        "mode accepts it.",
    ),
    Setting(
        "RINGTAW_ADAPTER",
        "",
        "Name of the adapter to use. By default it is the one that detects its runtime.",
    ),
    Setting(
        "RINGTAW_ACTIVATION_TIMEOUT",
        "60",
        "Seconds within which the activation must succeed; an unreachable Coordinator is tried "
        "again until then.",
    ),
    Setting(
        "RINGTAW_COORDINATOR_PIN",
        "",
        "The Coordinator's root or Marble root certificate, as the path of a PEM file or as "
        "`sha256:` and 64 hexadecimal digits. By default the Coordinator is not verified.",
    ),
)
"""Every setting there is; an empty default means none."""

_DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}


class Settings(NamedTuple):
    """The validated settings. Times are in seconds."""

    marble_type: str
    coordinator: _parse.Address
    names: _parse.AlternativeNames
    uuid_file: str
    simulation: bool
    adapter: str
    activation_timeout: float
    coordinator_pin: _parse.Pin | None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and validate all settings but the log format.

    Raises:
        SettingsError: A setting is missing or wrong; says which and what it should look like.
    """
    return Settings(
        marble_type=_read(environ, "EDG_MARBLE_TYPE", _parse.marble_type),
        coordinator=_read(environ, "EDG_MARBLE_COORDINATOR_ADDR", _parse.address),
        names=_read(environ, "EDG_MARBLE_DNS_NAMES", _parse.alternative_names),
        uuid_file=_uuid_file(environ),
        simulation=_read(environ, "OE_SIMULATION", _parse.switch),
        adapter=_read(environ, "RINGTAW_ADAPTER", str),
        activation_timeout=_read(environ, "RINGTAW_ACTIVATION_TIMEOUT", _parse.seconds),
        coordinator_pin=_read(environ, "RINGTAW_COORDINATOR_PIN", _parse.pin),
    )


def wants_json_log(environ: Mapping[str, str]) -> bool:
    """Whether log lines are JSON. Cannot fail, so that failures can be logged."""
    return environ.get("EDG_LOG_FORMAT", "").lower() == "json"


def _read(environ: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(environ.get(name) or _DEFAULTS[name])
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def _uuid_file(environ: Mapping[str, str]) -> str:
    explicit = environ.get("EDG_MARBLE_UUID_FILE")
    if explicit:
        return explicit
    directory, name = environ.get("EDG_CWD"), _DEFAULTS["EDG_MARBLE_UUID_FILE"]
    return f"{directory}/{name}" if directory else name
