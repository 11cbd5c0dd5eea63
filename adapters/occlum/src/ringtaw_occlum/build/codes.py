"""The kinds of findings in an Occlum configuration: what docs/occlum-check.md is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringtaw_buildkit.expectations import KINDS as EXPECTATIONS
from ringtaw_buildkit.subject import GENERAL, Kind
from ringtaw_premain.build_hookspecs import Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

KINDS: Final[Mapping[str, Kind]] = {
    **GENERAL,
    **EXPECTATIONS,
    "size-relation": Kind(
        _ERROR,
        "Sizes that contradict each other. `occlum build` prints a line, does not fail, and goes "
        "on with the configuration of before.",
    ),
    "no-effect": Kind(_WARNING, "A value that Occlum takes and does not use here."),
    "premain-memory": Kind(
        _WARNING, "Less memory than the premain needs beside the stack and heap of its process."
    ),
    "entry-point-relative": Kind(
        _ERROR, "An entry point that is not absolute or has `..` in it: no program matches it."
    ),
    "entry-point-interpreter": Kind(
        _ERROR,
        "An interpreter, shell or loader as entry point: the host chooses its arguments, so it "
        "runs whatever the host tells it to, with the enclave's identity.",
    ),
    "entry-point-wide": Kind(
        _WARNING,
        "A folder as entry point: the host may start every program in it, with arguments of its "
        "choice and without the premain.",
    ),
    "entry-point-application": Kind(
        _ERROR,
        "The Marble's own program as entry point: the host can start it without the premain, with "
        "arguments of its choice.",
    ),
    "premain-missing": Kind(_ERROR, "No entry point is a premain, so nothing is ever activated."),
    "premain-not-in-image": Kind(_ERROR, "The premain is an entry point and is not in the image."),
    "not-executable": Kind(_ERROR, "A program in the image has no permission to be executed."),
    "missing-variable": Kind(
        _ERROR,
        "A variable that the premain needs is neither fixed in `env.default` nor let through by "
        "`env.untrusted`. A warning where the premain has a default.",
    ),
    "duplicate-variable": Kind(
        _WARNING, "A variable is fixed twice: programs differ in which of the two they take."
    ),
    "untrusted-variable": Kind(
        _ERROR,
        "A variable under `env.untrusted` that decides what code runs, or whom the premain "
        "trusts: the host may set it.",
    ),
    "untrusted-pattern": Kind(
        _ERROR, "A pattern under `env.untrusted`, which takes exact names only."
    ),
    "simulation": Kind(
        _WARNING, "`OE_SIMULATION` lets the premain go on without evidence: for tests only."
    ),
    "secret-in-clear": Kind(
        _WARNING,
        "A variable in `env.default` that is named like a secret: the file is protected against "
        "change, not against reading.",
    ),
    "debug-enclave": Kind(_WARNING, "The enclave is debuggable: the host can read all of it."),
    "release-log": Kind(
        _WARNING, "An enclave that is not debuggable writes the LibOS's log to the host."
    ),
    "default-signer": Kind(
        _ERROR,
        "Signed with the key in Occlum's own sources, which everybody has: anybody can make "
        "enclaves with this SignerID, and read the read-write layer of this one. A warning for "
        "debuggable enclaves.",
    ),
    "signer-mismatch": Kind(
        _ERROR, "The image that is built was signed by another than the package's `SignerID`."
    ),
    "measurement-mismatch": Kind(
        _WARNING, "The image that is built has another measurement than the package's `UniqueID`."
    ),
    "root-mount": Kind(
        _ERROR,
        "The root must be a unionfs over the image, a sefs with `MAC`; `occlum build` "
        "fills that in.",
    ),
    "hostfs-over-system": Kind(
        _ERROR, "A folder with programs, libraries or settings comes from the host, unverified."
    ),
    "hostfs-mount": Kind(
        _WARNING,
        "A folder of the host is mounted: in the clear, and the host can change what is in it.",
    ),
    "mount-options": Kind(_ERROR, "Options of a mount that Occlum refuses."),
    "file-on-host": Kind(
        _ERROR, "A file of the manifest lands in a folder of the host, readable by everybody there."
    ),
    "file-on-device": Kind(
        _ERROR, "A file of the manifest lands where no file can be made: `/dev`, `/proc`."
    ),
    "secret-persists": Kind(
        _WARNING,
        "A secret of the manifest lands in the read-write layer of the root: encrypted on the "
        "host's disk, and kept there after the Marble has ended.",
    ),
    "argv-missing": Kind(
        _ERROR, "The Marble has no `Argv`: its first element names the program to start."
    ),
    "argv-not-absolute": Kind(
        _ERROR, "`Argv[0]` is not an absolute path, which Occlum's execve does not search for."
    ),
    "argv-one-string": Kind(_ERROR, "A whole command line in `Argv[0]`."),
    "program-not-in-image": Kind(_ERROR, "The program that `Argv[0]` names is not in the image."),
    "script-arguments": Kind(
        _ERROR, "A script whose `#!` line has arguments, `env` among them: Occlum accepts none."
    ),
    "forks": Kind(
        _WARNING, "A program that usually forks: fork gives ENOSYS in Occlum, spawning works."
    ),
    "ttls-not-enforced": Kind(
        _ERROR, "The Marble has TLS tags, and nothing in Occlum enforces transparent TLS."
    ),
    "missing-source": Kind(_WARNING, "A file or folder to copy into the image is not there."),
    "dns-libraries": Kind(
        _WARNING, "The Coordinator is named by host name and the libraries for DNS are not copied."
    ),
    "excluded-file": Kind(_WARNING, "`excludes` leaves out something that the premain needs."),
}
"""Every code that `ringtaw occlum check` can give."""
