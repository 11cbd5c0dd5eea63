"""The contract between the plugin host and the adapters, in one file.

An adapter is the plugin for one runtime (a libOS or another place where an application runs). It is
found through the entry-point group :data:`ENTRY_POINT_GROUP`; the entry point names an
:class:`Adapter`, which says what the adapter is and where its hooks are. There are two sides, and
importing one never imports the other:

* *runtime*: inside the enclave, before the application (and inside the Coordinator's own enclave);
* *build*: on the developer's machine; its hooks are in :mod:`ringtaw_premain.build_hookspecs`,
  which no enclave loads.

The life of a Marble, with the hook that is asked at each step::

    settings → detect → key and certificate → issue_evidence → activation
             → order_files → launch_spec → execve

A hook an adapter cannot honestly provide is left out; the host says so when it is needed. Exactly
one adapter is active in a process. Hooks raise the errors of :mod:`ringtaw_premain.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import pluggy

API_VERSION: Final = 1
"""Version of this contract. An adapter made for another version is refused, naming both."""

ENTRY_POINT_GROUP: Final = "ringtaw.adapters"
"""Entry-point group through which adapters are found; the entry's name is the adapter's name."""

PROJECT: Final = "ringtaw"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Adapter:
    """What an adapter is: the object its entry point names.

    ``runtime`` and ``build`` are ``"module:Class"`` references to classes that are instantiated
    without arguments and carry ``@hookimpl`` methods, or None for a side that has no hooks.
    ``note`` says, for a missing side, why it is missing.
    """

    name: str
    summary: str
    api_version: int
    runtime: str | None = None
    build: str | None = None
    enforces_ttls: bool = False
    """Whether something in this runtime enforces a TTLS policy (transparent TLS). A Marble that
    was given one is refused where nothing does."""
    note: str = ""
    warning: str = ""
    """What whoever starts anything with this adapter must know: logged at each start."""


class KeyBinding(Enum):
    """What a sealing key is bound to."""

    PRODUCT = "product"
    """Signer and product id: survives an update of the enclave."""
    MEASUREMENT = "measurement"
    """The exact enclave."""


class WriteMode(Enum):
    """How a file of the manifest is written."""

    REGULAR = "regular"
    """Staged beside its target and renamed into place, mode 0600, parents 0700."""
    DEVICE = "device"
    """One write(2) to an existing pseudo-file: no create, no truncate, no rename, no fsync."""


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One file to write, in the order the adapter wants."""

    path: str
    content: bytes = field(repr=False)
    mode: WriteMode = WriteMode.REGULAR


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What is known when the application is about to start.

    ``argv`` is the manifest's Argv (``("./marble",)`` when it has none), ``environ`` the complete
    new environment, ``command_line`` the premain's own measured command line with the interpreter
    and its options (``sys.orig_argv``), ``arguments`` what followed the premain's own options.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    command_line: tuple[str, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """Arguments of the final execve(2)."""

    program: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)


class RuntimeHooks:
    """Hooks of the runtime side, in the order of a Marble's life."""

    @hookspec(firstresult=True)
    def detect(self) -> bool | None:
        """Whether this process runs in the adapter's runtime.

        A cross-check that chooses the adapter, not a security statement: evidence is that.
        """

    @hookspec(firstresult=True)
    def issue_evidence(self, report_data: bytes) -> bytes | None:
        """Return a quote over exactly 64 bytes of report data.

        Raises:
            EvidenceUnavailableError: The platform gave no quote.
        """

    @hookspec(firstresult=True)
    def sealing_key(self, binding: KeyBinding) -> bytes | None:
        """Return the platform's sealing key (16 or 32 bytes) for a Coordinator in this runtime.

        Raises:
            NoSealingKeyError: There is none here by nature; an adapter that never has one leaves
                the hook out. A Coordinator does without then.
            PlatformError: The platform gave no key.
        """

    @hookspec(firstresult=True)
    def order_files(self, files: Mapping[str, bytes]) -> Sequence[FileWrite] | None:
        """Return the manifest's files in the order and manner in which they must be written.

        Without this hook all are regular files, in the order of their paths.
        """

    @hookspec(firstresult=True)
    def launch_spec(self, request: LaunchRequest) -> LaunchSpec | None:
        """Return program path, argv and environment of the application.

        Raises:
            PolicyError: The measured configuration and the manifest do not yield a program.
            ProgramNotFoundError: The program does not exist.
        """
