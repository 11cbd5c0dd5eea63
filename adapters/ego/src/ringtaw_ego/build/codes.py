"""The kinds of findings in an EGo configuration: what docs/ego-check.md is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringtaw_buildkit.expectations import KINDS as EXPECTATIONS
from ringtaw_buildkit.schema import REMOVED_KEY
from ringtaw_buildkit.subject import GENERAL, Kind
from ringtaw_premain.build_hookspecs import Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

KINDS: Final[Mapping[str, Kind]] = {
    **{code: kind for code, kind in GENERAL.items() if code != REMOVED_KEY},  # EGo removed none
    **EXPECTATIONS,
    "no-effect": Kind(_WARNING, "A value that EGo takes and does not use here."),
    "heap-size": Kind(
        _WARNING,
        "A heap outside of 512 to 16384 MB: less is too little for many programs, more needs the "
        "build tag `ego_largeheap`.",
    ),
    "absolute-path": Kind(
        _WARNING, "EGo puts the configuration's folder before `exe` and `key`, absolute or not."
    ),
    "debug-enclave": Kind(_WARNING, "A debug enclave: the host can read all of it."),
    "executable-heap": Kind(_WARNING, "The heap is executable: what overflows it may become code."),
    "mount-duplicate": Kind(_ERROR, "Two mounts at one place: `ego sign` refuses."),
    "mount-source": Kind(_ERROR, "A hostfs without a folder of the host: `ego sign` refuses."),
    "mount-target": Kind(_ERROR, "A path in the enclave that is not absolute."),
    "hostfs-root": Kind(
        _WARNING, "The whole root is the host's: all that is written there, it can read."
    ),
    "hostfs-trust": Kind(
        _WARNING, "Root certificates or settings come from the host, which can change them."
    ),
    "hostfs-mount": Kind(
        _WARNING,
        "A folder of the host is mounted: in the clear, and the host can change what is in it.",
    ),
    "variable-duplicate": Kind(_ERROR, "A variable is declared twice: `ego sign` refuses."),
    "untrusted-variable": Kind(
        _ERROR, "The host may set a variable that decides whom the program trusts or what it does."
    ),
    "overridden-variable": Kind(
        _WARNING, "The manifest sets the variable too; for a Marble, its value counts."
    ),
    "secret-in-clear": Kind(
        _WARNING,
        "A secret in the configuration or among the embedded files: both are readable in the "
        "signed executable.",
    ),
    "missing-source": Kind(_WARNING, "A file to embed is not beside the configuration."),
    "file-on-host": Kind(
        _ERROR, "A file of the manifest, or an embedded one, lands in a folder of the host."
    ),
    "foreign-file": Kind(
        _WARNING, "A file of the manifest is for another libOS: it has no effect in EGo."
    ),
    "argv-one-string": Kind(
        _WARNING, "The whole `Argv` is one string with spaces in it: a command line?"
    ),
    "argv-no-name": Kind(
        _WARNING, "`Argv` begins with an option; its first element is the program's name."
    ),
    "not-built": Kind(_WARNING, "The executable is not there."),
    "not-ego": Kind(_ERROR, "The executable was not built with `ego-go`."),
    "not-signed": Kind(_WARNING, "The executable is not signed."),
    "signed-before": Kind(
        _WARNING, "The executable was signed with other values than the configuration has now."
    ),
    "signer-mismatch": Kind(_ERROR, "The signer is not the package's `SignerID`."),
    "measurement-mismatch": Kind(
        _WARNING, "The signed executable has another measurement than the package's `UniqueID`."
    ),
    "wrong-key": Kind(_ERROR, "The key is none that SGX takes: RSA with 3072 bits and exponent 3."),
    "key-readable": Kind(_WARNING, "Others on this machine can read the signer's private key."),
}
"""Every code that `ringtaw ego check` can give."""
