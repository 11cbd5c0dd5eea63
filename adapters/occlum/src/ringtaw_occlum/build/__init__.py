"""The adapter on the developer's machine: prepare, check, read and start Occlum instances.

Needs the extra ``ringtaw-adapter-occlum[build]``; nothing in an enclave imports it.
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

from ringtaw_occlum.build.artefact import package_properties
from ringtaw_occlum.build.host import host_command
from ringtaw_occlum.build.prepare import prepare
from ringtaw_occlum.build.validate import validate


class OcclumBuild:
    """The build hooks for Occlum."""

    @hookimpl
    def prepare_config(self, request: PrepareRequest) -> Preparation:
        """Propose how Occlum.json and a copy_bom file make the premain the entry point."""
        return prepare(request)

    @hookimpl
    def validate_config(self, request: ValidateRequest) -> Sequence[Finding]:
        """Find what is wrong in Occlum.json, the copy_bom files beside it and the image."""
        return validate(request)

    @hookimpl
    def package_properties(self, artefact: str) -> PackageProperties:
        """Read the identity of an instance (its folder) or of its signed enclave file."""
        return package_properties(artefact)

    @hookimpl
    def host_command(self, request: RunRequest) -> HostCommand:
        """Return `occlum run` with the program to start."""
        return host_command(request)
