"""Keys and values that only some of Gramine 1.6 to 1.9 take; the JSON Schema has the older ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from .configuration import Configuration

_EPID: Final = ("1.8", 'remove it: EPID is gone; set sgx.remote_attestation = "dcap"')
_DEPRECATED: Final = {
    ("sgx", "require_avx"): ("1.7", 'use sgx.cpu_features.avx = "required"'),
    ("sgx", "require_avx512"): ("1.7", 'use sgx.cpu_features.avx512 = "required"'),
    ("sgx", "require_amx"): ("1.7", 'use sgx.cpu_features.amx = "required"'),
    ("sgx", "require_mpx"): ("1.7", 'use sgx.cpu_features.mpx = "required"'),
    ("sgx", "require_pkru"): ("1.7", 'use sgx.cpu_features.pkru = "required"'),
    ("sgx", "require_exinfo"): ("1.7", "use sgx.use_exinfo"),
    ("sgx", "ra_client_spid"): _EPID,
    ("sgx", "ra_client_linkable"): _EPID,
}
"""The last version that takes a key, and its successor."""


def version_findings(config: Configuration) -> Iterator[Finding]:
    """Yield what newer versions of Gramine refuse."""
    for keys, (last, cure) in _DEPRECATED.items():
        if config.subject.value(*keys) is not None:
            yield _finding(config, keys, last, cure)
    if config.subject.value("sgx", "remote_attestation") == "epid":
        yield _finding(config, ("sgx", "remote_attestation"), *_EPID)
    if config.subject.text("loader", "entrypoint"):
        cure = "remove it, or write loader.entrypoint.uri, for Gramine 1.8 and newer"
        yield _finding(config, ("loader", "entrypoint"), "1.8", cure)


def _finding(config: Configuration, keys: tuple[str, ...], last: str, cure: str) -> Finding:
    return config.subject.finding(
        "deprecated-key", *keys, message=f"Gramine {last} is the last that takes it", cure=cure
    )
