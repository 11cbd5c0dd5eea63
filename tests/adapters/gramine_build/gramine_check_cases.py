"""Every kind of finding: how to make it out of a good manifest that has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

GOOD: Final = """\
libos.entrypoint = "/premain/bin/python3"
loader.argv = ["python3", "-P", "-s", "-m", "ringtaw_premain", "--", "/app/hello"]
loader.log_level = "error"
loader.env.PYTHONPATH = "/premain/lib"
loader.env.PYTHONDONTWRITEBYTECODE = "1"
loader.env.GREETING = "hello"
loader.env.EDG_MARBLE_TYPE = { passthrough = true }
loader.env.EDG_MARBLE_COORDINATOR_ADDR = { passthrough = true }
loader.env.EDG_MARBLE_DNS_NAMES = { passthrough = true }
loader.env.EDG_MARBLE_UUID_FILE = { passthrough = true }
fs.mounts = [
  { path = "/premain", uri = "file:premain" },
  { path = "/app", uri = "file:app" },
  { path = "/shared", uri = "file:shared" },
  { type = "tmpfs", path = "/tmp" },
  { type = "encrypted", path = "/data", uri = "file:data", key_name = "data" },
]
sys.enable_extra_runtime_domain_names_conf = true
sys.enable_sigterm_injection = true
sys.disallow_subprocesses = true
sgx.enclave_size = "1G"
sgx.max_threads = 8
sgx.remote_attestation = "dcap"
sgx.isvprodid = 7
sgx.isvsvn = 2
sgx.trusted_files = ["file:premain/", "file:app/hello"]
sgx.allowed_files = ["file:uuid", "file:shared/"]
"""
MARBLERUN: Final = (
    ('"/premain/bin/python3"', '"premain-libos"'),
    ('["python3", "-P", "-s", "-m", "ringtaw_premain", "--", "/app/hello"]', '["/app/hello"]'),
    ('"file:premain/"', '"file:premain-libos"'),
    ("max_threads = 8", "max_threads = 16"),
)
"""What makes of the good manifest one with MarbleRun's premain."""


def coordinator_manifest(**changes: Any) -> dict[str, Any]:
    """Return a manifest that fits; changes are of package, parameters, secret or Marble."""
    files = {
        "/dev/attestation/keys/data": "{{ raw .Secrets.Disk }}",
        "/tmp/key.pem": "{{ pem .MarbleRun.MarbleCert.Private }}",
        "/shared/ca.pem": "{{ pem .MarbleRun.RootCA.Cert }}",
    }
    package = {"Debug": False, "SignerID": "ab" * 32, "ProductID": 7, "SecurityVersion": 2}
    parameters = {"Argv": ["hello"], "Files": files | changes.pop("files", {})}
    if "env" in changes:
        parameters["Env"] = changes.pop("env")
    secret = {"Type": "symmetric-key", "Size": 128} | changes.pop("secret", {})
    package |= changes.pop("package", {})
    marble = {"Package": "hello", "Parameters": parameters} | changes
    return {
        "Packages": {"hello": package},
        "Marbles": {"hello": marble},
        "Secrets": {"Disk": secret},
    }


@dataclass(frozen=True)
class Case:
    """How to make one finding out of the good manifest."""

    code: str
    edits: tuple[tuple[str, str], ...] = ()
    add: str = ""
    manifest: Mapping[str, Any] | None = None
    marble: str = ""
    at: str = ""
    """The line of the file at which it is; "" where it is not at one."""
    severity: str = ""
    """Where it is not the usual one."""
    also: tuple[str, ...] = ()
    """What else that mistake is."""
    says: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: bool = True
    name: str = "hello.manifest"


def _edit(old: str, new: str) -> tuple[tuple[str, str], ...]:
    return ((old, new),)


_ARGV: Final = next(line for line in GOOD.splitlines(keepends=True) if "argv" in line)

_ETC: Final = (
    '{ path = "/shared", uri = "file:shared" }',
    '{ path = "/shared", uri = "file:shared" }, { path = "/etc", uri = "file:/etc" }',
)

CASES: Final = (
    # Reading the file
    Case("syntax", add="x = \n", at="x = "),
    Case("unknown-key", add="sgx.enclavesize = 1\n", at="sgx.enclavesize"),
    Case("removed-key", add="sgx.thread_num = 4\n", at="sgx.thread_num", says="max_threads"),
    Case("removed-key", add='loader.argv0_override = "x"\n', at="loader.argv0_override"),
    Case("removed-key", add='loader.exec = "file:x"\n', at="loader.exec"),
    Case("removed-key", add='fs.mount.lib.path = "/lib"\n', at="fs.mount.lib", says="fs.mounts"),
    Case("removed-key", add='sgx.protected_files = ["file:x"]\n', at="sgx.protected_files"),
    Case("removed-key", add="sgx.nonpie_binary = true\n", at="sgx.nonpie_binary"),
    Case("removed-key", add="sgx.rpc_thread_num = 1\n", says="sgx.insecure__rpc_thread_num",
         at="sgx.rpc_thread_num"),
    Case("missing-key", _edit('libos.entrypoint = "/premain/bin/python3"', ""),
         says="entrypoint"),
    Case("wrong-type", _edit('["file:uuid", "file:shared/"]', '{ a = "file:uuid" }'),
         at="sgx.allowed_files", says="array", also=("uuid-file",), severity="error"),
    Case("wrong-value", _edit('"dcap"', "true"), at="sgx.remote_attestation", says="dcap"),
    Case("deprecated-key", add="sgx.require_avx = true\n", at="sgx.require_avx"),
    Case("deprecated-key", _edit('"dcap"', '"epid"'), at="sgx.remote_attestation"),
    Case("deprecated-key", add='loader.entrypoint = "file:libsysdb.so"\n', at="loader.entrypoint"),
    Case("template-error", add="{% if %}\n", at="{% if %}", name="hello.manifest.template"),
    Case("unknown-variable", _edit('"error"', '"{{ level }}"'), at="loader.log_level",
         name="hello.manifest.template", says="level"),
    # What starts
    Case("no-premain", _edit(_ARGV, 'loader.argv = ["python3", "/app/hello"]\n'),
         at="libos.entrypoint", says="prepare"),
    Case("no-premain", _edit('"/premain/bin/python3"', '"/app/hello"'), at="libos.entrypoint"),
    Case("entrypoint-uri", _edit('"/premain/bin/python3"', '"file:premain/bin/python3"'),
         at="libos.entrypoint", also=("not-trusted",)),
    Case("entrypoint-script", (("/premain/bin/python3", "/premain/bin/ringtaw-premain"),
         (_ARGV, 'loader.argv = ["/app/hello"]\n')), at="libos.entrypoint"),
    Case("entrypoint-script", _edit(_ARGV,
         'loader.argv = ["/app/hello", "-m", "ringtaw_premain"]\n'), at="libos.entrypoint",
         files={"premain/bin/python3": b"#!/bin/sh\n"},
         also=("argv-unsafe-path",)),
    Case("argv-from-host", _edit(_ARGV, "loader.insecure__use_cmdline_argv = true\n"),
         at="loader.insecure__use_cmdline_argv", also=("no-premain",)),
    Case("argv-from-host", (*MARBLERUN[:1], *MARBLERUN[2:], (_ARGV,
         "loader.insecure__use_cmdline_argv = true\n")), at="loader.insecure__use_cmdline_argv"),
    Case("argv-several", add='loader.argv_src_file = "file:premain/argv"\n',
         at="loader.argv_src_file"),
    Case("argv-missing", (*MARBLERUN[:1], *MARBLERUN[2:], (_ARGV, "")), says="loader.argv"),
    Case("argv-one-string", _edit(_ARGV,
         'loader.argv = ["python3 -P -s -m ringtaw_premain -- /app/hello"]\n'),
         at="loader.argv", also=("argv-unsafe-path",)),
    Case("argv-one-string", (*MARBLERUN[:1], (_ARGV, 'loader.argv = ["/app/hello --port 1"]\n'),
         *MARBLERUN[2:]), at="loader.argv"),
    Case("argv-no-program", _edit(', "--", "/app/hello"]', "]"), at="loader.argv"),
    Case("argv-no-program", (*MARBLERUN[:1], (_ARGV, 'loader.argv = ["premain-libos"]\n'),
         *MARBLERUN[2:]), at="loader.argv"),
    Case("argv-extra", _edit('"/app/hello"]', '"/app/hello", "--port"]'), at="loader.argv"),
    Case("argv-extra", (*MARBLERUN, ('["/app/hello"]', '["/app/hello", "--port"]')),
         at="loader.argv", severity="warning"),
    Case("argv-ignores-path", _edit('"-P", "-s", ', '"-I", '), at="loader.argv"),
    Case("argv-unsafe-path", _edit('"-P", "-s", ', ""), at="loader.argv", says="-P and -s"),
    Case("argv-unsafe-path", _edit('"-P", "-s", ', '"-sB", '), at="loader.argv", says="without -P"),
    Case("not-executable", files={"app/hello": b"\x7fELF"}, executable=False, at="loader.argv"),
    # Environment
    Case("missing-passthrough", _edit("loader.env.EDG_MARBLE_TYPE = { passthrough = true }\n", ""),
         says="EDG_MARBLE_TYPE"),
    Case("missing-passthrough", _edit(
         "loader.env.EDG_MARBLE_DNS_NAMES = { passthrough = true }\n", ""), severity="warning"),
    Case("dangerous-passthrough", _edit('PYTHONPATH = "/premain/lib"',
         "PYTHONPATH = { passthrough = true }"), at="loader.env.PYTHONPATH"),
    Case("dangerous-passthrough", add="loader.env.RINGTAW_ADAPTER = { passthrough = true }\n",
         at="loader.env.RINGTAW_ADAPTER"),
    Case("dangerous-passthrough", add="loader.env.LD_PRELOAD = { passthrough = true }\n",
         at="loader.env.LD_PRELOAD"),
    Case("host-environment", add="loader.insecure__use_host_env = true\n",
         at="loader.insecure__use_host_env"),
    Case("secret-variable", add='loader.env.PGPASSWORD = "hunter2"\n',
         at="loader.env.PGPASSWORD"),
    Case("secret-variable", add='loader.env.SECRET_KEY = { value = "hunter2" }\n',
         at="loader.env.SECRET_KEY"),
    Case("variable-replaced", manifest=coordinator_manifest(env={"GREETING": "bye"}),
         at="loader.env.GREETING"),
    Case("bytecode-writes", _edit('loader.env.PYTHONDONTWRITEBYTECODE = "1"\n', "")),
    Case("stale-bytecode", files={"premain/lib/ringtaw_premain/__main__.py": b""},
         at="loader.env.PYTHONPATH"),
    Case("stale-bytecode", at="loader.env.PYTHONPATH", files={
         "premain/lib/ringtaw_premain/a.py": b"",
         "premain/lib/ringtaw_premain/__pycache__/a.cpython-311.pyc": b"\xa7\r\r\n" + bytes(12)}),
    # The enclave
    Case("no-attestation", _edit('"dcap"', '"none"'), at="sgx.remote_attestation"),
    Case("no-attestation", _edit('sgx.remote_attestation = "dcap"\n', "")),
    Case("debug-enclave", add="sgx.debug = true\n", at="sgx.debug"),
    Case("debug-mismatch", add="sgx.debug = true\n", at="sgx.debug", also=("debug-enclave",),
         manifest=coordinator_manifest()),
    Case("debug-mismatch", manifest=coordinator_manifest(package={"Debug": True}),
         says="is false"),
    Case("product-id-mismatch", manifest=coordinator_manifest(package={"ProductID": 8}),
         at="sgx.isvprodid"),
    Case("security-version-mismatch", manifest=coordinator_manifest(package={"SecurityVersion": 3}),
         at="sgx.isvsvn"),
    Case("enclave-size", _edit('"1G"', '"256M"'), at="sgx.enclave_size"),
    Case("enclave-size", _edit('sgx.enclave_size = "1G"\n', ""), says="the default"),
    Case("enclave-size", _edit('"1G"', '"1000M"'), at="sgx.enclave_size", severity="error"),
    Case("max-threads", _edit("max_threads = 8", "max_threads = 2"), at="sgx.max_threads"),
    Case("max-threads", (*MARBLERUN[:3],), at="sgx.max_threads", says="16"),
    Case("needs-debug", add="sgx.enable_stats = true\n", at="sgx.enable_stats"),
    Case("needs-debug", add='sgx.profile.enable = "main"\n', at="sgx.profile.enable"),
    Case("preheat-with-edmm", add="sgx.edmm_enable = true\nsgx.preheat_enclave = true\n",
         at="sgx.preheat_enclave"),
    Case("insecure-key", add="loader.insecure__disable_aslr = true\n",
         at="loader.insecure__disable_aslr"),
    Case("insecure-key", (('"/premain/bin/python3"', '"/app/hello"'),
         (_ARGV, "loader.insecure__use_cmdline_argv = true\n")), also=("no-premain",),
         at="loader.insecure__use_cmdline_argv"),
    Case("log-level", _edit('"error"', '"trace"'), at="loader.log_level"),
    Case("subprocesses", _edit("sys.disallow_subprocesses = true\n", "")),
    Case("sigterm", _edit("sys.enable_sigterm_injection = true\n", "")),
    # Files
    Case("file-check-policy", add='sgx.file_check_policy = "allow_all_but_log"\n',
         at="sgx.file_check_policy"),
    Case("not-trusted", _edit(', "file:app/hello"', ""), at="loader.argv", says="file:app/hello"),
    Case("not-trusted", _edit('"file:premain/", ', '"file:premain/lib/", '), at="libos.entrypoint"),
    Case("allowed-code", _edit('"file:uuid"', '"file:uuid", "file:app"'), at="sgx.allowed_files"),
    Case("allowed-code", _edit('"file:uuid"', '"file:uuid", "file:premain/lib/x"'),
         at="sgx.allowed_files"),
    Case("allowed-code", _edit('"file:uuid"', '"file:uuid", "file:lib/libz.so.1"'),
         at="sgx.allowed_files", says="code"),
    Case("allowed-code", (('"file:uuid"', '"file:uuid", "file:libraries"'), ("loader.env.GREETING",
         'loader.env.LD_LIBRARY_PATH = "/lib:/libraries"\nloader.env.GREETING')),
         at="sgx.allowed_files", says="/libraries, where libraries are looked for"),
    Case("allowed-code", _edit('path = "/shared"', 'path = "/premain/lib/plugins"'),
         at="sgx.allowed_files", says="/premain/lib/plugins, which is run"),
    Case("allowed-code", _edit('"file:uuid"', '"file:uuid", "file:/etc/ld.so.preload"'),
         at="sgx.allowed_files"),
    Case("allowed-everything", _edit('"file:uuid"', '"file:/"'), at="sgx.allowed_files",
         says="every absolute path"),
    Case("allowed-everything", _edit('"file:uuid"', '"file:data/../"'), at="sgx.allowed_files",
         says="data/../\", which is not this folder, allows every absolute path"),
    Case("allowed-system", (('"file:uuid"', '"file:uuid", "file:/etc"'), _ETC),
         at="sgx.allowed_files", says="ld.so.preload"),
    Case("allowed-system", (('"file:uuid"', '"file:uuid", "file:/usr/"'),
         ('path = "/shared", uri = "file:shared"', 'path = "/usr/lib", uri = "file:/usr/lib"')),
         at="sgx.allowed_files", says="can change /usr, "),
    Case("trusted-directory", _edit('"file:app/hello"', '"file:app/hello", "file:etc"'),
         at="sgx.trusted_files", files={"etc/x": b""}),
    Case("trusted-directory", _edit('"file:app/hello"', '"file:app/hello", "file:etc/x/"'),
         at="sgx.trusted_files", files={"etc/x": b""}),
    Case("trusted-directory", _edit('"file:app/hello"',
         '"file:app/hello", "file:{{ gramine.runtimedir() }}"'), at="sgx.trusted_files",
         name="manifest.template"),
    Case("device-hidden", _edit('path = "/shared", uri = "file:shared"',
         'path = "/dev/attestation", uri = "file:shared"'), at='"/dev/attestation"'),
    Case("device-hidden", _edit('path = "/shared", uri = "file:shared"',
         'path = "/dev", uri = "file:/dev"'), at='"/dev"'),
    Case("insecure-mount", _edit('path = "/shared", uri = "file:shared"',
         'path = "/host", uri = "file:/sys/class"'), at='"/host"'),
    Case("no-private-memory", _edit('  { type = "tmpfs", path = "/tmp" },\n', ""),
         at="fs.mounts"),
    Case("no-private-memory", _edit('{ type = "tmpfs", path = "/tmp" }',
         '{ path = "/tmp", uri = "file:shared/tmp" }'), at="fs.mounts", severity="warning"),
    Case("names", _edit("sys.enable_extra_runtime_domain_names_conf = true\n", "")),
    Case("names", _edit("EDG_MARBLE_COORDINATOR_ADDR = { passthrough = true }",
         'EDG_MARBLE_COORDINATOR_ADDR = "localhost:2001"'), says="/etc/hosts", at="fs.mounts"),
    Case("uuid-file", _edit('sgx.allowed_files = ["file:uuid", "file:shared/"]\n', ""),
         severity="warning", says="memory"),
    Case("uuid-file", _edit("UUID_FILE = { passthrough = true }", 'UUID_FILE = "/app/uuid"'),
         at="sgx.allowed_files"),
    Case("uuid-file", _edit("UUID_FILE = { passthrough = true }", 'UUID_FILE = "/data/uuid"'),
         at="sgx.allowed_files", says="encrypted"),
    # Beside the Coordinator's manifest
    Case("unknown-marble", manifest=coordinator_manifest(), marble="helo", says="hello"),
    Case("unknown-marble", _edit("MARBLE_TYPE = { passthrough = true }", 'MARBLE_TYPE = "helo"'),
         manifest=coordinator_manifest(), at="EDG_MARBLE_TYPE"),
    Case("marble-not-chosen", manifest={"Marbles": {}}),
    Case("ttls", manifest=coordinator_manifest(TLS=["tag"])),
    Case("secret-in-clear", manifest=coordinator_manifest(
         files={"/shared/key": "{{ hex .Secrets.Disk }}"})),
    Case("secret-in-clear", manifest=coordinator_manifest(
         files={"/shared/key.pem": "{{ pem .MarbleRun.MarbleCert.Private }}"})),
    Case("file-not-writable", manifest=coordinator_manifest(files={"/conf/x.conf": "a = 1"}),
         says='add { type = "tmpfs", path = "/conf" }'),
    Case("file-not-writable", manifest=coordinator_manifest(files={"/etc/x.conf": "a = 1"}),
         says="name it /tmp/x.conf in the Marble's Files, and let the program read it there"),
    Case("file-not-writable", manifest=coordinator_manifest(files={"/app/x.conf": "a = 1"}),
         says="a tmpfs at /app would hide the host's app/hello"),
    Case("file-not-writable", manifest=coordinator_manifest(files={"/x.conf": "a = 1"}),
         says="a tmpfs at / would hide everything"),
    Case("mount-without-key", _edit(', key_name = "data"', ""), at='type = "encrypted"',
         manifest=coordinator_manifest(), also=("key-without-mount",)),
    Case("key-without-mount", manifest=coordinator_manifest(
         files={"/dev/attestation/keys/date": "{{ raw .Secrets.Disk }}"}), says="data"),
    Case("key-reserved", manifest=coordinator_manifest(
         files={"/dev/attestation/keys/_sgx_mrsigner": "{{ raw .Secrets.Disk }}"})),
    Case("key-reserved", _edit('key_name = "data"', 'key_name = "_data"'), at="encrypted"),
    Case("key-path", manifest=coordinator_manifest(
         files={"/dev/attestation/data": "{{ raw .Secrets.Disk }}"}), says="keys/data"),
    Case("key-path", manifest=coordinator_manifest(
         files={"/dev/attestation/protected_files_key": "{{ hex .Secrets.Disk }}"})),
    Case("key-encoding", manifest=coordinator_manifest(
         files={"/dev/attestation/keys/data": "{{ hex .Secrets.Disk }}"})),
    Case("key-encoding", manifest=coordinator_manifest(
         files={"/dev/attestation/keys/data": "{{ raw .Secrets.Disk }}\n"})),
    Case("key-secret", manifest=coordinator_manifest(secret={"Size": 256})),
    Case("key-secret", manifest=coordinator_manifest(secret={"Type": "cert-ecdsa"})),
    Case("hard-coded-key", add=f'fs.insecure__keys.data = "{"0" * 32}"\n',
         at="fs.insecure__keys.data"),
)  # fmt: skip
