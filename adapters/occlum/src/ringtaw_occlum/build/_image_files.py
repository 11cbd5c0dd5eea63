"""copy_bom files: what is missing in them, and what they leave out."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Finding

from ringtaw_occlum.build._environment import MARBLE_VARIABLES
from ringtaw_occlum.build.configuration import Configuration
from ringtaw_occlum.build.copy_bom import copied

_DNS_LIBRARIES: Final = ("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
_DNS_FOLDER: Final = "/opt/occlum/glibc/lib"
_NEEDED: Final = (
    "python3.11", "python3", "libpython3.11.so.1.0", "libc.so.6", "ld-linux-x86-64.so.2", "lib",
    "libssl.so.3", "libcrypto.so.3", "ringtaw_premain", "ringtaw_occlum", "cryptography", "pluggy",
    "ssl.py", "json", "importlib",
)  # fmt: skip
"""Names that copies of the premain and its Python have; of each kind one."""
_ADDRESS: Final = re.compile(
    r"\[?[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]*\]?(?::[0-9]+)?|localhost(?::.*)?"
)


def check_image_files(config: Configuration) -> Iterator[Finding]:
    """Yield findings about the copy_bom files that were found."""
    for plan in config.plans:
        yield from _check_sources(config, plan)
        yield from _check_excludes(plan)
    if config.plans:
        yield from _check_dns(config)


def _check_sources(config: Configuration, plan: Subject) -> Iterator[Finding]:
    if config.image.root is None:
        return  # an image that is not filled yet: what is copied may not be built yet
    for item in copied(plan.document):
        if (
            "$" in item.source
            or item.source.startswith("/")
            or config.image.has_source(item.source)
        ):
            continue
        yield plan.finding(
            "missing-source",
            *item.keys,
            message=f"{config.image.base / item.source} is not there",
            cure="build or copy it there first, or correct the path (from the instance's folder)",
        )


def _check_excludes(plan: Subject) -> Iterator[Finding]:
    for at, pattern in plan.texts("excludes"):
        lost = [name for name in _NEEDED if fnmatch.fnmatch(name, pattern.strip("/"))]
        if lost:
            yield plan.finding(
                "excluded-file",
                "excludes",
                at,
                message=f"leaves out {lost[0]}, which the premain needs, of every folder copied",
                cure="make the pattern narrower, or copy the premain by a file of its own",
            )


def _check_dns(config: Configuration) -> Iterator[Finding]:
    variables = {**MARBLE_VARIABLES, **config.default_variables()}
    address = variables["EDG_MARBLE_COORDINATOR_ADDR"]
    if _ADDRESS.fullmatch(address):
        return
    missing = [name for name in _DNS_LIBRARIES if not _has_library(config, name)]
    if missing and not config.image.includes_others():
        yield config.plans[0].finding(
            "dns-libraries",
            "targets",
            message=f"the Coordinator is at {address!r}, and nothing copies {', '.join(missing)}",
            cure=f"copy them from {_DNS_FOLDER} to {_DNS_FOLDER} of the image",
        )


def _has_library(config: Configuration, name: str) -> bool:
    if config.image.find(posixpath.join(_DNS_FOLDER, name)):
        return True
    return any(
        posixpath.basename(item.source) == name or (item.is_folder and "glibc" in item.source)
        for plan in config.plans
        for item in copied(plan.document)
    )
