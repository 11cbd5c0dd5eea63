"""EGo: every kind of finding, in a configuration that has it and in one that has not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from ringtaw_ego.build import EgoBuild
from ringtaw_ego.build.codes import KINDS
from ringtaw_premain.build_hookspecs import Finding, Severity, ValidateRequest
from ringtaw_premain.errors import PlatformError

from tests.support.elf_files import oeinfo, write_elf
from tests.support.sigstructs import MR_ENCLAVE, make_sigstruct, mr_signer, signing_key

CONFIG: Final[dict[str, Any]] = {
    "exe": "hello",
    "key": "private.pem",
    "debug": False,
    "heapSize": 512,
    "executableHeap": False,
    "productID": 1,
    "securityVersion": 2,
    "mounts": [{"target": "/data", "type": "memfs"}],
    "env": [{"name": "LANG", "fromHost": True}, {"name": "PWD", "value": "/data"}],
    "files": [{"source": "hello.conf", "target": "/etc/hello.conf"}],
}
MANIFEST: Final[dict[str, Any]] = {
    "Packages": {
        "hello": {"SignerID": mr_signer(signing_key()), "ProductID": 1, "SecurityVersion": 2}
    },
    "Marbles": {
        "hello": {
            "Package": "hello",
            "TLS": ["web"],
            "Parameters": {
                "Argv": ["hello", "-v"],
                "Env": {"KEY": "{{ hex .Secrets.key }}"},
                "Files": {"/data/key": "{{ hex .Secrets.key }}"},
            },
        }
    },
}


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@dataclass
class Case:
    """A service on disk, built and signed, before enclave.json is written."""

    folder: Path
    config: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(CONFIG))
    manifest: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(MANIFEST))
    text: str = ""
    marble: str = ""

    def __post_init__(self) -> None:
        self.sign(isv_prod_id=1, isv_svn=2)
        self.write("hello.conf", b"colour = blue\n")
        self.write("private.pem", pem(signing_key()))

    @property
    def parameters(self) -> dict[str, Any]:
        parameters: dict[str, Any] = self.manifest["Marbles"]["hello"]["Parameters"]
        return parameters

    def write(self, name: str, content: bytes, mode: int = 0o600) -> None:
        (self.folder / name).write_bytes(content)
        (self.folder / name).chmod(mode)

    def sign(self, **of_signature: Any) -> None:
        write_elf(self.folder / "hello", ".oeinfo", oeinfo(make_sigstruct(**of_signature)))

    def findings(self) -> list[Finding]:
        path = self.folder / "enclave.json"
        path.write_text(self.text or json.dumps(self.config, indent=1))
        request = ValidateRequest(str(path), self.manifest, self.marble)
        return list(EgoBuild().validate_config(request))


Mutation = Callable[[Case], object]


def setting(**changes: Any) -> Mutation:
    return lambda case: case.config.update(changes)


def package(**changes: Any) -> Mutation:
    return lambda case: case.manifest["Packages"]["hello"].update(changes)


def mount(**mount: Any) -> Mutation:
    return lambda case: case.config["mounts"].append(mount)


def variable(name: str, **of_variable: Any) -> Mutation:
    return lambda case: case.config["env"].append({"name": name, **of_variable})


def embedded(source: str, target: str, **others: Any) -> Mutation:
    file = {"source": source, "target": target, **others}
    return lambda case: case.config["files"].append(file)


def placed(path: str) -> Mutation:
    return lambda case: case.parameters["Files"].update({path: "text"})


def argv(*words: str) -> Mutation:
    return lambda case: case.parameters.update(Argv=list(words))


def both(*mutations: Mutation) -> Mutation:
    def mutate(case: Case) -> None:
        for mutation in mutations:
            mutation(case)

    return mutate


def hostfs(target: str) -> Mutation:
    return mount(target=target, type="hostfs", source=".")


def small_key(case: Case) -> None:
    case.write("private.pem", pem(rsa.generate_private_key(public_exponent=3, key_size=2048)))


HAS: Final[list[tuple[str, Mutation]]] = [
    ("syntax", lambda case: setattr(case, "text", '{"exe" "hello"}')),
    ("syntax", lambda case: setattr(case, "text", '{"exe": "a", "exe": "b"}')),
    ("unknown-key", setting(heapSise=512)),
    ("unknown-key", setting(embeddedFiles=[])),
    ("unknown-key", mount(target="/a", type="memfs", path="/b")),
    ("missing-key", lambda case: case.config.pop("heapSize")),
    ("missing-key", mount(target="/a")),
    ("wrong-type", setting(heapSize="512MB")),
    ("wrong-type", setting(debug="false")),
    ("wrong-value", setting(heapSize=0)),
    ("wrong-value", setting(productID=65536)),
    ("wrong-value", mount(target="/a", type="tmpfs")),
    ("wrong-value", variable("A=b", value="c")),
    ("no-effect", mount(target="/a", type="memfs", source="/b")),
    ("no-effect", mount(target="/a", type="memfs", readOnly=True)),
    ("no-effect", variable("EDG_MARBLE_UUID_FILE", fromHost=True)),
    ("no-effect", variable("EMPTY", value="")),
    ("no-effect", embedded("hello.conf", "/a", content="aGVsbG8=")),
    ("heap-size", setting(heapSize=64)),
    ("heap-size", setting(heapSize=16385)),
    ("absolute-path", setting(exe="/hello")),
    ("absolute-path", setting(key="/private.pem")),
    ("debug-enclave", setting(debug=True)),
    ("debug-mismatch", setting(debug=True)),
    ("debug-mismatch", package(Debug=True)),
    ("product-id-mismatch", package(ProductID=7)),
    ("product-id-mismatch", lambda case: case.config.pop("productID")),
    ("security-version-mismatch", package(SecurityVersion=3)),
    ("executable-heap", setting(executableHeap=True)),
    ("mount-duplicate", mount(target="/data", type="memfs")),
    ("mount-source", mount(target="/a", type="hostfs")),
    ("mount-target", mount(target="a", type="memfs")),
    ("mount-target", embedded("hello.conf", "a")),
    ("hostfs-root", hostfs("/")),
    ("hostfs-trust", hostfs("/etc/ssl/certs")),
    ("hostfs-mount", hostfs("/db")),
    ("variable-duplicate", variable("LANG", value="C")),
    ("untrusted-variable", variable("SSL_CERT_FILE", fromHost=True)),
    ("untrusted-variable", variable("GODEBUG", fromHost=True)),
    ("untrusted-variable", variable("MARBLE_PREDEFINED_ROOT_CA", fromHost=True)),
    ("overridden-variable", variable("KEY", value="a")),
    ("secret-in-clear", variable("API_KEY", value="hunter2")),
    (
        "secret-in-clear",
        both(
            lambda case: case.write("server.key", pem(signing_key())),
            embedded("server.key", "/server.key"),
        ),
    ),
    ("missing-source", embedded("absent", "/a")),
    ("file-on-host", both(hostfs("/db"), placed("/db/key"))),
    ("file-on-host", placed("/edg/hostfs/tmp/key")),
    ("file-on-host", both(hostfs("/"), placed("/key"))),
    ("file-on-host", both(hostfs("/db"), embedded("hello.conf", "/db/conf"))),
    ("foreign-file", placed("/dev/attestation/keys/default")),
    ("argv-one-string", argv("hello -v")),
    ("argv-no-name", argv("-v")),
    ("not-built", setting(exe="absent")),
    ("not-ego", lambda case: case.write("hello", b"#!/bin/sh\n")),
    ("not-ego", lambda case: write_elf(case.folder / "hello", ".text", b"code")),
    ("not-signed", lambda case: write_elf(case.folder / "hello", ".oeinfo", bytes(2064))),
    ("signed-before", setting(securityVersion=3)),
    ("signed-before", lambda case: case.sign(isv_prod_id=1, isv_svn=2, debug=True)),
    ("signer-mismatch", package(SignerID="ab" * 32)),
    ("measurement-mismatch", package(UniqueID="ab" * 32)),
    ("wrong-key", small_key),
    ("wrong-key", lambda case: case.write("private.pem", b"-----BEGIN CERTIFICATE-----")),
    ("key-readable", lambda case: (case.folder / "private.pem").chmod(0o644)),
    ("unknown-marble", variable("EDG_MARBLE_TYPE", value="hallo")),
    ("unknown-marble", lambda case: setattr(case, "marble", "hallo")),
    ("marble-not-chosen", lambda case: case.manifest["Marbles"].update(other={})),
]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_clean_configuration(case: Case) -> None:
    case.manifest["Packages"]["hello"]["UniqueID"] = MR_ENCLAVE
    assert case.findings() == []


def test_configuration_as_ego_writes_it(case: Case) -> None:
    lists = {"mounts": None, "env": None, "files": None}
    case.config = {**CONFIG, **lists}
    assert case.findings() == []


def test_before_it_is_built_or_has_a_key(case: Case) -> None:
    for name in ("hello", "private.pem"):
        (case.folder / name).unlink()
    assert [finding.code for finding in case.findings()] == ["not-built"]


def test_keys_in_any_letter_case(case: Case) -> None:
    case.text = json.dumps(CONFIG).replace('"heapSize"', '"HEAPSIZE"').replace('"type"', '"Type"')
    assert case.findings() == []
    case.text = case.text.replace('"debug": false', '"DEBUG": true')
    assert "debug-enclave" in {finding.code for finding in case.findings()}


def test_fixed_type_chooses_the_marble(case: Case) -> None:
    case.manifest["Marbles"]["other"] = {}
    case.config["env"].append({"name": "EDG_MARBLE_TYPE", "value": "hello"})
    assert case.findings() == []


@pytest.mark.parametrize(
    ("code", "mutation"), HAS, ids=[f"{n}-{c}" for n, (c, _) in enumerate(HAS)]
)
def test_finding(code: str, mutation: Mutation, case: Case) -> None:
    mutation(case)
    found = [finding for finding in case.findings() if finding.code == code]
    assert found, case.findings()
    for finding in found:
        assert finding.message
        assert finding.cure
        assert "\n" not in finding.message + finding.cure
        assert "hunter2" not in finding.message + finding.cure
        assert finding.line or finding.file == "manifest" or finding.pointer not in case.config


def test_every_kind_is_tested() -> None:
    assert {code for code, _ in HAS} == set(KINDS)


def test_locked_key_is_left_alone(case: Case) -> None:
    lock = BestAvailableEncryption(b"a passphrase")
    locked = signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    case.write("private.pem", locked)
    assert case.findings() == []


@pytest.mark.parametrize("text", ["[]", "null", " ", "\x00", "[" * 100_000, "nonsense"])
def test_garbage_is_one_finding(case: Case, text: str) -> None:
    case.text = text
    (finding,) = case.findings()
    assert finding.severity is Severity.ERROR


def test_values_of_other_types_are_no_crash(case: Case) -> None:
    values: tuple[object, ...] = (None, 1, "text", [], [[]], [1], {}, {"a": None}, True, 1.5)
    for key in CONFIG:
        for value in values:
            case.text = json.dumps({**CONFIG, key: value})
            assert all(finding.message for finding in case.findings())


@pytest.mark.parametrize("name", ["absent.json", "folder", "binary.json"])
def test_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.json").write_bytes(b"\x80\xff")
    with pytest.raises(PlatformError, match=name):
        EgoBuild().validate_config(ValidateRequest(str(tmp_path / name)))
