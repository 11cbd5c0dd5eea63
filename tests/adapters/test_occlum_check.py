"""Occlum: every kind of finding, in a configuration that has it and in one that has not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from ringtaw_occlum.build import OcclumBuild
from ringtaw_occlum.build.artefact import DEFAULT_SIGNER
from ringtaw_occlum.build.codes import KINDS
from ringtaw_premain.build_hookspecs import Finding, Severity, ValidateRequest

from tests.support.occlum_deployment import (
    CONFIG,
    COPY_BOM,
    Case,
    Mutation,
    argv,
    both,
    built,
    copying,
    edmm,
    entry_point,
    file,
    image,
    mount,
    python_in_bin,
    setting,
    untrusted,
    variable,
)
from tests.support.sigstructs import MR_ENCLAVE, mr_signer, signing_key

ROOT_LAYERS: Final = ("mount", 0, "options", "layers")
TLS: Final[Mutation] = lambda case: case.manifest["Marbles"]["hello"].update(TLS=["web"])  # noqa: E731
HAS: Final[list[tuple[str, Mutation]]] = [
    ("syntax", lambda case: setattr(case, "text", '{"env": }')),
    ("syntax", lambda case: setattr(case, "text", '{"a": 1, "a": 2}')),
    ("syntax", lambda case: setattr(case, "text", "{\n  // the heap\n}")),
    ("syntax", copying("targets:\n  - target: [\n")),
    ("unknown-key", setting("process", "default_stak_size", to="4MB")),
    ("unknown-key", copying(COPY_BOM + "target: /lib\n")),
    ("removed-key", setting("metadata", "pkru", to=0)),
    ("removed-key", setting("vm", to={"user_space_size": "300MB"})),
    ("missing-key", setting("metadata", "enable_kss", to=None)),
    ("missing-key", setting("feature", to=None)),
    ("wrong-type", setting("env", to=["OCCLUM=yes"])),
    ("wrong-type", setting("resource_limits", "max_num_of_threads", to=32.0)),
    ("wrong-value", setting("resource_limits", "user_space_size", to="300M")),
    ("wrong-value", setting("metadata", "product_id", to=65536)),
    ("wrong-value", setting("mount", 1, "type", to="tmpfs")),
    ("wrong-value", variable("OCCLUM")),
    ("wrong-value", untrusted("A=b")),
    ("size-relation", setting("resource_limits", "user_space_max_size", to="200MB")),
    ("size-relation", setting("process", "default_heap_size", to="300MB")),
    ("size-relation", edmm(kernel_space_heap_size="2GB", kernel_space_heap_max_size="64MB")),
    ("size-relation", edmm(init_num_of_threads=4097)),
    ("no-effect", setting("resource_limits", "init_num_of_threads", to=4)),
    ("no-effect", setting("metadata", "family_id", "low", to="0x10")),
    ("premain-memory", setting("resource_limits", "user_space_size", to="80MB")),
    ("premain-memory", setting("resource_limits", "kernel_space_heap_size", to="32MB")),
    ("entry-point-relative", entry_point("/bin/ringtaw-premain", "bin/premain")),
    ("entry-point-relative", entry_point("/bin/../bin/ringtaw-premain")),
    ("entry-point-interpreter", entry_point("/bin/python3")),
    ("entry-point-interpreter", entry_point("/bin/ringtaw-premain", "/opt/python3.11")),
    ("entry-point-interpreter", entry_point("/bin/busybox")),
    ("entry-point-interpreter", entry_point("/lib64/ld-linux-x86-64.so.2")),
    ("entry-point-wide", entry_point("/bin")),
    ("entry-point-wide", entry_point("/")),
    ("entry-point-wide", both(image("/srv/x", ""), entry_point("/srv"))),
    ("entry-point-application", entry_point("/bin/ringtaw-premain", "/bin/hello")),
    ("premain-missing", entry_point("/bin/other")),
    ("premain-not-in-image", both(image("/bin/x", ""), entry_point("/usr/bin/premain-libos"))),
    ("premain-not-in-image", copying(COPY_BOM.replace("ringtaw-premain", "other"))),
    ("not-executable", image("/bin/ringtaw-premain", "#!/bin/x\n", 0o644)),
    ("not-executable", image("/bin/hello", "x", 0o644)),
    ("missing-variable", setting("env", "default", 1, to="A=b")),
    ("missing-variable", setting("env", "untrusted", to=[])),
    ("duplicate-variable", variable("OCCLUM=no")),
    ("untrusted-variable", untrusted("LD_PRELOAD")),
    ("untrusted-variable", untrusted("PYTHONPATH")),
    ("untrusted-variable", untrusted("RINGTAW_COORDINATOR_PIN")),
    ("untrusted-pattern", untrusted("EDG_*")),
    ("simulation", variable("OE_SIMULATION=1")),
    ("secret-in-clear", variable("DB_PASSWORD=hunter2")),
    ("debug-enclave", setting("metadata", "debuggable", to=True)),
    ("debug-mismatch", setting("metadata", "debuggable", to=True)),
    ("debug-mismatch", lambda case: case.package.update(debug=True)),
    ("product-id-mismatch", setting("metadata", "product_id", to=3)),
    ("security-version-mismatch", setting("metadata", "version_number", to=1)),
    ("release-log", setting("metadata", "disable_log", to=False)),
    ("default-signer", lambda case: case.package.update(SignerID=DEFAULT_SIGNER.upper())),
    ("signer-mismatch", both(built(), lambda case: case.package.update(SignerID="ab" * 32))),
    ("measurement-mismatch", both(built(), lambda case: case.package.update(UniqueID="ab" * 32))),
    ("root-mount", setting("mount", 0, "type", to="sefs")),
    ("root-mount", setting(*ROOT_LAYERS, 0, "options", to={})),
    ("root-mount", setting("mount", to=[])),
    ("hostfs-over-system", mount(target="/lib", type="hostfs", source=".")),
    ("hostfs-over-system", mount(target="/", type="hostfs", source=".")),
    ("hostfs-over-system", setting(*ROOT_LAYERS, 1, "type", to="hostfs")),
    ("hostfs-mount", mount(target="/host", type="hostfs", source=".")),
    ("mount-options", mount(target="/a", type="ext2", source="b")),
    ("mount-options", mount(target="/a", type="ext2", source="b", options={"disk_size": "4GB"})),
    ("mount-options", mount(target="/a", type="sefs", options={"cache_size": "64KB"})),
    ("mount-options", mount(target="/a", type="sefs", options={"cache_size": "200001B"})),
    ("mount-options", mount(target="/a", type="sefs", options={"cache_size": "1GB"})),
    ("file-on-host", both(mount(target="/data", type="hostfs", source="."), file("/data/a", "b"))),
    ("file-on-device", file("/dev/attestation/keys/default")),
    ("file-on-device", file("/proc/self/a")),
    ("secret-persists", file("/etc/key")),
    ("secret-persists", file("/etc/key", "{{ pem .MarbleRun.MarbleCert.Private }}")),
    ("unknown-marble", setting("env", "default", 1, to="EDG_MARBLE_TYPE=hallo")),
    ("unknown-marble", lambda case: setattr(case, "marble", "hallo")),
    (
        "marble-not-chosen",
        both(
            setting("env", "default", 1, to="A=b"),
            untrusted("EDG_MARBLE_TYPE"),
            lambda case: case.manifest["Marbles"].update(other={}),
        ),
    ),
    ("argv-missing", lambda case: case.parameters.pop("Argv")),
    ("argv-not-absolute", argv("hello")),
    ("argv-one-string", argv("/bin/hello world")),
    ("program-not-in-image", both(image("/bin/x", ""), argv("/bin/absent"))),
    ("program-not-in-image", both(copying(COPY_BOM), argv("/bin/absent"))),
    ("script-arguments", image("/bin/hello", "#!/usr/bin/env python3\n")),
    ("script-arguments", image("/bin/ringtaw-premain", "#!/opt/python3 -I\n")),
    ("script-arguments", image("/bin/hello", "#!/bin/python3\r\n")),
    ("forks", argv("/usr/bin/gunicorn", "app")),
    ("forks", image("/bin/hello", "#!/bin/python3\nimport multiprocessing\n")),
    (
        "forks",
        both(image("/app.py", "import os\nif os.fork() == 0:\n"), argv("/bin/hello", "/app.py")),
    ),
    ("ttls-not-enforced", TLS),
    ("missing-source", both(image("/bin/x", ""), copying(COPY_BOM))),
    (
        "dns-libraries",
        both(
            copying("targets:\n  - target: /bin\n    copy:\n      - files: [ringtaw-premain]\n"),
            variable("EDG_MARBLE_COORDINATOR_ADDR=coordinator.example:2001"),
        ),
    ),
    ("excluded-file", copying(COPY_BOM.replace("__pycache__", "lib*"))),
]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def test_clean_configuration(case: Case) -> None:
    assert case.findings() == []


def test_clean_configuration_in_a_built_instance(case: Case) -> None:
    case.build(isv_prod_id=1, isv_svn=2)
    case.package["UniqueID"] = MR_ENCLAVE
    assert case.findings() == []


def test_clean_copy_bom_file(case: Case) -> None:
    for name in ("hello", "ringtaw-premain"):
        case.write(name, "")
    case.write("hello.yaml", COPY_BOM)
    case.write("deployment.yaml", "kind: Deployment\nmetadata: {name: hello}\n")
    assert case.findings() == []


def test_configuration_without_a_manifest(case: Case) -> None:
    path = case.folder / "Occlum.json"
    path.write_text(json.dumps(CONFIG))
    assert OcclumBuild().validate_config(ValidateRequest(str(path))) == []


@pytest.mark.parametrize(("code", "mutation"), HAS)
def test_finding(code: str, mutation: Mutation, case: Case) -> None:
    mutation(case)
    found = [finding for finding in case.findings() if finding.code == code]
    assert found, codes(case.findings())
    for finding in found:
        assert finding.message
        assert finding.cure
        assert "\n" not in finding.message + finding.cure
        assert "hunter2" not in finding.message + finding.cure
        assert (
            finding.line is not None
            or finding.file == "manifest"
            or "missing" in code + (finding.message)
        )


def test_every_kind_is_tested() -> None:
    assert {code for code, _ in HAS} == set(KINDS)


SEVERITIES: Final[list[tuple[str, Mutation, Severity]]] = [
    ("missing-variable", setting("env", "default", 1, to="A=b"), Severity.ERROR),
    ("missing-variable", setting("env", "untrusted", to=["EDG_MARBLE_TYPE"]), Severity.WARNING),
    (
        "default-signer",
        lambda case: case.package.update(SignerID=DEFAULT_SIGNER, Debug=True),
        Severity.WARNING,
    ),
]


@pytest.mark.parametrize(("code", "mutation", "severity"), SEVERITIES)
def test_severity(code: str, mutation: Mutation, severity: Severity, case: Case) -> None:
    mutation(case)
    found = [finding.severity for finding in case.findings() if finding.code == code]
    assert set(found) == {severity}


def test_image_that_was_built_with_the_public_key(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = mr_signer(signing_key())
    monkeypatch.setattr("ringtaw_occlum.build._metadata.DEFAULT_SIGNER", signer)
    case.build(isv_prod_id=1, isv_svn=2)
    found = {(finding.code, finding.file, finding.severity) for finding in case.findings()}
    path = str(case.folder / "Occlum.json")
    assert ("default-signer", path, Severity.ERROR) in found


def test_position_is_that_of_the_value(case: Case) -> None:
    case.config["entry_points"] = ["/bin/ringtaw-premain", "/bin/python3"]
    (finding,) = case.findings()
    text = (case.folder / "Occlum.json").read_text().splitlines()
    assert finding.line
    assert "/bin/python3" in text[finding.line - 1]
    assert finding.pointer == "entry_points[1]"


def test_interpreters_in_a_wide_entry_point_are_named(case: Case) -> None:
    python_in_bin(case)
    (finding,) = [found for found in case.findings() if found.code == "entry-point-wide"]
    assert "/bin/python3" in finding.message


def test_pinned_variables_need_no_passthrough(case: Case) -> None:
    case.config["env"]["untrusted"] = []
    case.config["env"]["default"] += [
        "EDG_MARBLE_COORDINATOR_ADDR=10.0.0.1:2001",
        "EDG_MARBLE_DNS_NAMES=hello",
        "EDG_MARBLE_UUID_FILE=/uuid",
    ]
    assert case.findings() == []


def test_runtime_side_does_not_load_the_build_side() -> None:
    script = "import sys, ringtaw_occlum.runtime, ringtaw_ego; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert "ringtaw_occlum.runtime" in loaded
    assert not [name for name in loaded if "build" in name and name.startswith("ringtaw")]


def test_program_with_the_name_of_a_folder(case: Case) -> None:
    case.config["entry_points"] = ["/bin/ringtaw-premain", "/bin/app"]
    assert case.findings() == []


def test_folders_and_unreadable_files_beside_it_are_passed_over(case: Case) -> None:
    (case.folder / "a.yaml").mkdir()
    case.write("b.yaml", "targets:\n" + "#" * (300 << 10))
    with (case.folder / "c.yaml").open("wb") as large:
        large.truncate(17 << 20)
    (finding,) = case.findings()
    assert finding.file.endswith("b.yaml")
    assert "larger than 128 KiB" in finding.message


def test_scripts_that_spawn_are_fine(case: Case) -> None:
    case.fill_image()
    case.write("image/bin/hello", "#!/bin/python3\nimport subprocess  # not multiprocessing\n")
    assert case.findings() == []
