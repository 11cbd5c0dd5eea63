"""The adapter on the developer's machine: prepare, check, read and start EGo enclaves.

Needs the extra ``ringtaw-adapter-ego[build]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringtaw_premain.build_hookspecs import (
    Finding,
    HostCommand,
    PackageProperties,
    Preparation,
    PrepareRequest,
    RunRequest,
    ValidateRequest,
)
from ringtaw_premain.hookspecs import hookimpl

from ringtaw_ego.build.artefact import package_properties
from ringtaw_ego.build.host import host_command
from ringtaw_ego.build.prepare import prepare
from ringtaw_ego.build.validate import validate


class EgoBuild:
    """The build hooks for EGo."""

    @hookimpl
    def prepare_config(self, request: PrepareRequest) -> Preparation:
        """Say what an enclave.json needs for a Marble: its premain is there already."""
        return prepare(request)

    @hookimpl
    def validate_config(self, request: ValidateRequest) -> Sequence[Finding]:
        """Find what is wrong in enclave.json, and in the executable and key that it names."""
        return validate(request)

    @hookimpl
    def package_properties(self, artefact: str) -> PackageProperties:
        """Read the identity of an executable that `ego sign` or `oesign sign` has signed."""
        return package_properties(artefact)

    @hookimpl
    def host_command(self, request: RunRequest) -> HostCommand:
        """Return `ego marblerun` with the executable."""
        return host_command(request)
