"""The kinds of findings in a Gramine manifest: the table from which their documentation is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringtaw_buildkit.findings import SYNTAX
from ringtaw_buildkit.schema import (
    MISSING_KEY,
    REMOVED_KEY,
    UNKNOWN_KEY,
    WRONG_TYPE,
    WRONG_VALUE,
)
from ringtaw_buildkit.subject import Kind
from ringtaw_premain.build_hookspecs import Severity


@dataclass(frozen=True, slots=True)
class GramineKind(Kind):
    """A kind of finding with what to do about it in general; Markdown."""

    cure: str


def _error(meaning: str, cure: str) -> GramineKind:
    return GramineKind(Severity.ERROR, meaning, cure)


def _warning(meaning: str, cure: str) -> GramineKind:
    return GramineKind(Severity.WARNING, meaning, cure)


_READING: Final = {
    SYNTAX: _error("The file is not TOML.", "Correct it at that line."),
    UNKNOWN_KEY: _error("Gramine does not know the key.", "Correct its name or remove it."),
    REMOVED_KEY: _error(
        "A key of an older Gramine, or of Graphene, that 1.6 no longer has.",
        "Use the successor that the finding names.",
    ),
    MISSING_KEY: _error("Gramine asks for the key.", "Add it."),
    WRONG_TYPE: _error("A value of the wrong type.", "Change the value."),
    WRONG_VALUE: _error("A value that Gramine refuses.", "Change the value."),
    "deprecated-key": _warning(
        "A key or value that only some of Gramine 1.6 to 1.9 take.",
        "Use the successor that the finding names.",
    ),
    "template-error": _error(
        "The template cannot be rendered.", "Correct the Jinja expression at that line."
    ),
    "unknown-variable": _warning(
        "The template uses a variable that was not given; checks that depend on it are left out.",
        "Give it a value, as you do to `gramine-manifest` with `-D`.",
    ),
}

_START: Final = {
    "no-premain": _error(
        "The first program is the application itself: nothing activates it.",
        "Run `ringtaw gramine prepare`.",
    ),
    "entrypoint-uri": _error(
        "`libos.entrypoint` begins with `file:`, as before Gramine 1.2.",
        "Name the path inside Gramine.",
    ),
    "entrypoint-script": _error(
        "`libos.entrypoint` is a script: its `#!` line replaces `argv[0]`, which should name the "
        "application.",
        'Put the application after `"--"` in `loader.argv`, or let the interpreter be the '
        "entry point.",
    ),
    "argv-from-host": _error(
        "The host chooses the arguments of an interpreter or of the premain, and with them what "
        "runs.",
        "Fix the arguments in `loader.argv`.",
    ),
    "argv-several": _error(
        "More than one of `loader.argv`, `loader.argv_src_file` and "
        "`loader.insecure__use_cmdline_argv`; Gramine does not start.",
        "Keep `loader.argv`.",
    ),
    "argv-missing": _error(
        "Nothing gives the premain its arguments, so it cannot know the application.",
        "Add `loader.argv`.",
    ),
    "argv-one-string": _error(
        "A whole command line in one string of `loader.argv`; it is one argument.",
        "Make each word a string of its own.",
    ),
    "argv-no-program": _error(
        "`loader.argv` does not name the application that the premain becomes.",
        'End it with `"--", "/path/of/application"`; for MarbleRun\'s premain put the path first.',
    ),
    "argv-extra": _error(
        "`loader.argv` gives the application arguments. Our premain refuses that; MarbleRun's "
        "drops them (a warning).",
        "Put them into the Marble's `Argv`.",
    ),
    "argv-ignores-path": _error(
        "An option of Python makes it ignore `PYTHONPATH`, so that it does not find the premain.",
        "Use `-P -s` in place of `-I` or `-E`; the variables are measured anyway.",
    ),
    "argv-unsafe-path": _warning(
        "Python looks for modules in the working directory, or in a user's own packages.",
        "Start it as `python3 -P -s -m ringtaw_premain`.",
    ),
    "not-executable": _error(
        "The first program or the application is not an executable file on the host: Gramine "
        "answers EACCES (-13).",
        "`chmod +x` it, and build again.",
    ),
}

_ENVIRONMENT: Final = {
    "missing-passthrough": _error(
        "A variable by which the host configures the premain does not reach it. Without "
        "`EDG_MARBLE_TYPE` it fails; for the others defaults apply (a warning).",
        "Add `loader.env.NAME = { passthrough = true }`.",
    ),
    "dangerous-passthrough": _error(
        "The host sets a variable that decides what code runs, or how far it is checked.",
        "Give it a fixed value, or remove it.",
    ),
    "host-environment": _error(
        "All variables of the host reach the enclave, `LD_PRELOAD` and `PYTHONPATH` among them.",
        "Pass through only what is needed, by name.",
    ),
    "secret-variable": _warning(
        "A variable that is named like a secret has a fixed value: the manifest is protected "
        "against change, not against reading.",
        "Let the Marble's `Env` give it.",
    ),
    "variable-replaced": _warning(
        "The Marble's `Env` replaces a variable that this manifest fixes.",
        "Remove it in one of the two.",
    ),
    "bytecode-writes": _warning(
        "Python tries to write `.pyc` files at each start, which fails or reaches the host.",
        'Set `loader.env.PYTHONDONTWRITEBYTECODE = "1"`.',
    ),
    "stale-bytecode": _warning(
        "The premain is compiled anew at each start: Gramine shows no modification times, so "
        "ordinary `.pyc` files count as stale.",
        "`python3 -m compileall --invalidation-mode unchecked-hash FOLDER`.",
    ),
}

_ENCLAVE: Final = {
    "no-attestation": _error(
        "Without remote attestation there is no quote, and only a Coordinator in simulation admits "
        "the Marble.",
        'Set `sgx.remote_attestation = "dcap"`.',
    ),
    "debug-enclave": _warning(
        "The host can read and change a debug enclave: no secret is safe in it.",
        "Remove `sgx.debug` before you deploy.",
    ),
    "debug-mismatch": _error(
        "`sgx.debug` differs from the package's `Debug`: the Coordinator refuses the enclave.",
        "Change one of the two.",
    ),
    "product-id-mismatch": _error(
        "`sgx.isvprodid` differs from the package's `ProductID`.", "Change one of the two."
    ),
    "security-version-mismatch": _error(
        "`sgx.isvsvn` is below the package's `SecurityVersion`.", "Raise `sgx.isvsvn`."
    ),
    "enclave-size": _warning(
        "`sgx.enclave_size` is small for the premain and an application. One that is no power of "
        "two is an error: it cannot be started.",
        'Set it to `"1G"` or more.',
    ),
    "max-threads": _warning(
        "`sgx.max_threads` is below what the premain and Gramine's own threads need.",
        "Raise it: at least 4, and 16 with MarbleRun's premain.",
    ),
    "needs-debug": _error(
        "Statistics and profiles stop a production enclave from starting.",
        "Remove the key, or set `sgx.debug = true` for as long as you measure.",
    ),
    "preheat-with-edmm": _error(
        "`sgx.preheat_enclave` and `sgx.edmm_enable` exclude each other.", "Remove one."
    ),
    "insecure-key": _warning(
        "A key that weakens the enclave is set.", "Remove it before you deploy."
    ),
    "log-level": _warning(
        "Gramine logs what the application does, where the host reads it.",
        'Set `loader.log_level = "error"` before you deploy.',
    ),
    "subprocesses": _warning(
        "The application may make processes, each a new enclave.",
        "Say what you want: `sys.disallow_subprocesses = true` or `false`.",
    ),
    "sigterm": _warning(
        "The host's request to stop never reaches the application, which is killed in the end.",
        "Say what you want: `sys.enable_sigterm_injection = true` or `false`.",
    ),
}

_FILES: Final = {
    "file-check-policy": _error(
        "Every file of the host is taken unchecked.", "Remove `sgx.file_check_policy`."
    ),
    "not-trusted": _error(
        "The first program, the premain or the application is not in `sgx.trusted_files`: it "
        "cannot be opened.",
        "Add it.",
    ),
    "allowed-everything": _error(
        '`"file:/"` in `sgx.allowed_files`, or `"file:."`, which Gramine takes for the same: the '
        "host can change every file with an absolute path, trusted or not.",
        "Name the files and folders that are written.",
    ),
    "allowed-system": _error(
        "A folder of the system such as `/etc` or `/usr/lib` is in `sgx.allowed_files`, and "
        "mounted: the host chooses libraries, programs or certificates.",
        "Name the files in it that are needed, and trust libraries.",
    ),
    "allowed-code": _error(
        "`sgx.allowed_files` holds code, a folder where code is looked for, or a trusted file, "
        "which is no longer checked then: the host can change it at will.",
        "Move it to `sgx.trusted_files`.",
    ),
    "device-hidden": _error(
        "A mount covers `/dev/attestation`: keys are written to the host, quotes are read from it.",
        "Mount nothing there.",
    ),
    "insecure-mount": _warning(
        "A mount of the host's `/proc`, `/sys` or `/dev`, whose files nobody checks.",
        "Remove it; Gramine has its own.",
    ),
    "trusted-directory": _error(
        'A directory in `sgx.trusted_files` without "/" at its end, or a file with one: the '
        "manifest cannot be signed.",
        'Add or remove the "/".',
    ),
    "no-private-memory": _error(
        "The premain finds no directory for the file by which it hands its key, encrypted, to TLS. "
        "If there is one but it is the host's, a warning.",
        "Mount a `tmpfs` at `/tmp`.",
    ),
    "names": _warning(
        "Host names cannot be resolved inside, such as the Coordinator's.",
        "Set `sys.enable_extra_runtime_domain_names_conf = true`; for `localhost` mount an "
        "`/etc/hosts`.",
    ),
    "uuid-file": _error(
        "The premain cannot write its UUID, or (a warning) loses it at each restart, and with it "
        "what was encrypted with the Marble's own keys.",
        "Give it a file in `sgx.allowed_files`; the UUID is no secret.",
    ),
}

_MARBLE: Final = {
    "marble-not-chosen": _warning(
        "The Coordinator's manifest has no Marble: nothing was compared.", "Add the Marble."
    ),
    "unknown-marble": _error("The Coordinator's manifest has no such Marble.", "Correct the name."),
    "ttls": _error(
        "The Marble has a TLS policy (`TLS`), and nothing under Gramine enforces one: our premain "
        "refuses it.",
        "Let the application speak TLS with the Marble's certificate, and remove the tags.",
    ),
    "secret-in-clear": _error(
        "The Marble's `Files` put a secret where the host reads it.",
        "Put it on a `tmpfs` or `encrypted` mount.",
    ),
    "file-not-writable": _error(
        "The premain cannot write a file of the Marble's `Files`: its place is neither mounted as "
        "memory, nor encrypted, nor allowed.",
        "Mount a `tmpfs` there; or, where that would hide other files, put it where one is, and "
        "let the program read it there.",
    ),
    "mount-without-key": _error(
        "Nothing sets the key of an encrypted mount: no file on it can be opened.",
        "Add `/dev/attestation/keys/NAME` to the Marble's `Files`.",
    ),
    "key-without-mount": _error(
        "The Marble's `Files` set a key that no encrypted mount uses: the pseudo-file does not "
        "exist.",
        "Correct the name, or add the mount.",
    ),
    "key-reserved": _error(
        "Names of keys that begin with an underscore are Gramine's own.", "Choose another name."
    ),
    "key-path": _error(
        "Below `/dev/attestation` only `keys/NAME` can be written (since Gramine 1.5).",
        "Write `/dev/attestation/keys/NAME`.",
    ),
    "key-encoding": _error(
        "A key is 16 bytes as they are: another encoding, or text around it, is refused.",
        "Write exactly `{{ raw .Secrets.NAME }}`.",
    ),
    "key-secret": _error(
        "The secret of a key is none of 16 bytes.",
        'Define it with `"Type": "symmetric-key", "Size": 128`.',
    ),
    "hard-coded-key": _error(
        "`fs.insecure__keys` has a key that everybody can read.",
        "Let the Coordinator set it: `/dev/attestation/keys/NAME` in the Marble's `Files`.",
    ),
}

SECTIONS: Final[Mapping[str, Mapping[str, GramineKind]]] = {
    "Reading the file": _READING,
    "What starts": _START,
    "Environment": _ENVIRONMENT,
    "The enclave": _ENCLAVE,
    "Files": _FILES,
    "Beside the Coordinator's manifest": _MARBLE,
}
"""The kinds by the part of the configuration they are about."""

KINDS: Final[Mapping[str, GramineKind]] = {
    code: kind for section in SECTIONS.values() for code, kind in section.items()
}
