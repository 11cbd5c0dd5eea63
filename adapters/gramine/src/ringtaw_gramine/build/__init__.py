"""The build side of the Gramine adapter: on the developer's machine, never in an enclave.

Each hook is a module of its own, imported when it is asked.
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


class GramineBuild:
    """The build hooks for Gramine."""

    @hookimpl
    def prepare_config(self, request: PrepareRequest) -> Preparation:
        """Propose how to add the premain to a Gramine manifest or its template.

        Raises:
            PlatformError: It cannot be read, or not be edited safely.
        """
        from .prepare import prepare

        return prepare(request)

    @hookimpl
    def validate_config(self, request: ValidateRequest) -> Sequence[Finding]:
        """Find what is wrong in a Gramine manifest or its template.

        Raises:
            PlatformError: It cannot be read.
        """
        from .check import validate

        return validate(request)

    @hookimpl
    def package_properties(self, artefact: str) -> PackageProperties:
        """Read the properties of a signed enclave: a ``.sig`` file, or what lies beside it.

        Raises:
            PlatformError: There is no such file, or it is no valid SIGSTRUCT.
        """
        from .signature import package_properties

        return package_properties(artefact)

    @hookimpl
    def host_command(self, request: RunRequest) -> HostCommand:
        """Return the command line of gramine-sgx or gramine-direct.

        Raises:
            PlatformError: No application is named.
        """
        from .host import host_command

        return host_command(request)
