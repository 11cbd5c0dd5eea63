"""The build side of the contract: what an adapter does on the developer's machine.

The counterpart of :mod:`ringtaw_premain.hookspecs`, apart from it so that no enclave loads it. The
life of a configuration, with the hook that is asked at each step::

    prepare_config → validate_config → (the libOS's own tools) → package_properties → host_command

Hooks read what the request names and write nothing: whoever called them shows what they found,
writes files, starts processes. A hook raises :class:`ringtaw_premain.errors.PlatformError` for a
file that is missing, unreadable or not what it should be; the message says which and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ringtaw_premain.hookspecs import hookspec


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    """It will not work, or it is not safe."""
    WARNING = "warning"
    """It works, and may be what was meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or doubtful, in a user's libOS configuration."""

    severity: Severity
    code: str
    """Stable name of this kind of finding, for example ``"missing-passthrough"``."""
    file: str
    line: int | None
    """From 1; None where the finding is about something that is not there."""
    pointer: str
    """The key in the configuration, in its own notation: ``sgx.remote_attestation``."""
    message: str
    cure: str
    """What to do, as an imperative."""


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """What to check: a libOS configuration, beside the Coordinator's manifest if there is one."""

    config: str
    """Path of the configuration."""
    manifest: Mapping[str, object] | None = None
    """The Coordinator's manifest as parsed JSON."""
    marble: str = ""
    """The Marble of that manifest this configuration is for; empty: whichever fits."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values for a templated configuration."""


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """What to add the premain to."""

    config: str
    """Path of the configuration."""
    companions: tuple[str, ...] = ()
    """Paths of further files that belong to it, such as Occlum's copy_bom YAML."""
    runtime: str = "premain"
    """Folder with the premain and its Python, relative to the configuration's own folder."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file as it is and as it should be; ``before`` is None for one that is not there yet."""

    path: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """What :meth:`BuildHooks.prepare_config` proposes. Prepared again, nothing changes."""

    changes: tuple[FileChange, ...]
    """Only files that change."""
    notes: tuple[str, ...]
    """What a person should know or do: what of Python goes in, what is left to decide."""


@dataclass(frozen=True, slots=True)
class PackageProperties:
    """What identifies a built enclave: the fields of a manifest's package."""

    unique_id: str
    """MRENCLAVE, 64 hexadecimal digits in lower case."""
    signer_id: str
    """MRSIGNER, likewise."""
    product_id: int
    security_version: int
    debug: bool


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to start: the libOS's own arguments, and the environment of whoever asks."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    direct: bool = False
    """Without SGX, where the libOS has such a mode."""


@dataclass(frozen=True, slots=True)
class HostCommand:
    """A command on the host. ``argv[0]`` is looked up in ``PATH`` unless it has a slash."""

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    install_hint: str
    """What to do when the program is not installed."""


class BuildHooks:
    """Hooks of the build side, in the order in which a person needs them."""

    @hookspec(firstresult=True)
    def prepare_config(self, request: PrepareRequest) -> Preparation | None:
        """Propose how to add the premain to a user's existing configuration."""

    @hookspec(firstresult=True)
    def validate_config(self, request: ValidateRequest) -> Sequence[Finding] | None:
        """Find what is wrong or doubtful in a configuration, in the order of its lines."""

    @hookspec(firstresult=True)
    def package_properties(self, artefact: str) -> PackageProperties | None:
        """Read the identity of the built enclave at path ``artefact``."""

    @hookspec(firstresult=True)
    def host_command(self, request: RunRequest) -> HostCommand | None:
        """Return the command that starts the enclave on the host."""
