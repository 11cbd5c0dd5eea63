"""Settings of what the servers give to a stranger; the defaults are those of the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from ringtaw_coordinator import _parse
from ringtaw_coordinator.errors import SettingsError
from ringtaw_coordinator.server.limits import MEBIBYTE, ClientLimits, ConnectionLimits, MeshLimits

Limits = TypeVar("Limits", bound=ConnectionLimits)
Number = int | float

CLIENT: Final = "RINGTAW_CLIENT_API_"
MESH: Final = "RINGTAW_MESH_API_"
HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class LimitSetting:
    """A limit that operators may change, within bounds that keep the server usable."""

    name: str
    default: str
    description: str
    field: str
    """Of the limits; in the name it is in capitals."""
    minimum: Number
    maximum: Number


_Rows = tuple[tuple[str, Number, Number, str], ...]

_CONNECTIONS: Final[_Rows] = (
    (
        "max_connections",
        1,
        100_000,
        "Connections at once. When there is no room the oldest idle one makes way. At most half "
        "of the file descriptors that the process may have are used.",
    ),
    (
        "max_connections_per_address",
        1,
        100_000,
        "The same, from one IP address. Behind one there may be a whole cluster.",
    ),
    ("handshake_timeout", 0.1, 60.0, "Seconds from accept to the end of the TLS handshake."),
    ("idle_timeout", 0.1, HOUR, "Seconds without a request, or in the middle of its head."),
    ("request_timeout", 0.1, HOUR, "Seconds from the beginning of a request to its end."),
    ("call_timeout", 1.0, HOUR, "Seconds that the Coordinator has to find its answer."),
    ("answer_timeout", 0.1, HOUR, "Seconds that the peer has to take the answer."),
)
_BODIES: Final[_Rows] = (
    (
        "max_body",
        64 * 1024,
        64 * MEBIBYTE,
        "Bytes of a request's body. A manifest of 16 MiB in base64 needs 22,369,640 and a little.",
    ),
    (
        "max_buffered",
        64 * 1024,
        1024 * MEBIBYTE,
        "Bytes of the bodies of all requests at once; it takes about three times as much memory. "
        "At least as many as one body may have.",
    ),
    (
        "max_request_line",
        1024,
        MEBIBYTE,
        "Bytes of the request line, in which a query may name many secrets.",
    ),
    ("max_header_line", 1024, 64 * 1024, "Bytes of one header field."),
    ("max_headers", 16, 1000, "Header fields of a request."),
)


def _settings(prefix: str, limits: type[ConnectionLimits], rows: _Rows) -> tuple[LimitSetting, ...]:
    defaults = {field.name: field.default for field in fields(limits)}
    return tuple(
        LimitSetting(
            name=prefix + field.upper(),
            default=str(defaults[field]).removesuffix(".0"),
            description=f"{description} From {minimum:,} to {maximum:,}.".replace(".0", ""),
            field=field,
            minimum=minimum,
            maximum=maximum,
        )
        for field, minimum, maximum, description in rows
    )


CLIENT_SETTINGS: Final = _settings(CLIENT, ClientLimits, _CONNECTIONS + _BODIES)
MESH_SETTINGS: Final = _settings(MESH, MeshLimits, _CONNECTIONS)


def read_client_limits(environ: Mapping[str, str]) -> ClientLimits:
    """Read the limits of the client API.

    Raises:
        SettingsError: One is no number, or out of its bounds; says which.
    """
    limits = _read(ClientLimits, CLIENT_SETTINGS, environ)
    if limits.max_buffered < limits.max_body:
        raise SettingsError(
            f"{CLIENT}MAX_BUFFERED: {limits.max_buffered} is less than {CLIENT}MAX_BODY, "
            f"which is {limits.max_body}"
        )
    return limits


def read_mesh_limits(environ: Mapping[str, str]) -> MeshLimits:
    """Read the limits of the mesh API.

    Raises:
        SettingsError: One is no number, or out of its bounds; says which.
    """
    return _read(MeshLimits, MESH_SETTINGS, environ)


def _read(
    limits: type[Limits], settings: tuple[LimitSetting, ...], environ: Mapping[str, str]
) -> Limits:
    values: dict[str, Any] = {}
    for setting in settings:
        text = environ.get(setting.name) or setting.default
        try:
            values[setting.field] = _parse.number(text, setting.minimum, setting.maximum)
        except ValueError as error:
            raise SettingsError(f"{setting.name}: {error}") from None
    return limits(**values)
