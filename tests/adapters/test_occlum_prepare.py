"""Occlum: the premain as entry point, with nothing else changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from ringtaw_buildkit.changes import apply
from ringtaw_occlum.build import OcclumBuild
from ringtaw_occlum.build.copy_bom import copied, read_copy_bom
from ringtaw_premain.build_hookspecs import Preparation, PrepareRequest, ValidateRequest
from ringtaw_premain.errors import PlatformError

from tests.support.documentation import PROJECT
from tests.support.occlum_deployment import CONFIG

COPY_BOM: Final = """\
# what my program needs
includes:
  - base.yaml
targets:
  - target: /bin
    copy:
      - files:
        - ../hello  # built by make
        # and nothing else

# the end
"""
FLAT: Final = "targets:\n- target: /bin\n  mkdirs: [a, b]\n"


def write(folder: Path, text: str = "", **changes: Any) -> Path:
    path = folder / "Occlum.json"
    config = {**CONFIG, "entry_points": ["/bin"], **changes}
    path.write_text(text or json.dumps(config, indent=4) + "\n")
    return path


def prepare(path: Path, *companions: str) -> Preparation:
    return OcclumBuild().prepare_config(PrepareRequest(str(path), companions))


def text_after(preparation: Preparation, name: str) -> str:
    (text,) = [change.after for change in preparation.changes if Path(change.path).name == name]
    return text


def changed_lines(preparation: Preparation, name: str) -> list[tuple[str, str]]:
    (change,) = [change for change in preparation.changes if Path(change.path).name == name]
    before, after = (change.before or "").splitlines(), change.after.splitlines()
    assert len(before) == len(after)
    return [
        (old.strip(), new.strip()) for old, new in zip(before, after, strict=True) if old != new
    ]


def test_only_the_entry_point_changes(tmp_path: Path) -> None:
    preparation = prepare(write(tmp_path))
    assert changed_lines(preparation, "Occlum.json") == [('"/bin"', '"/bin/ringtaw-premain"')]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["\t", "   ", None])
def test_formatting_stays(tmp_path: Path, indent: str | None, newline: str) -> None:
    config = {**CONFIG, "entry_points": ["/bin"], "env": {"default": ["A=b"], "untrusted": ["É"]}}
    text = json.dumps(config, indent=indent, ensure_ascii=False)
    path = tmp_path / "Occlum.json"
    path.write_bytes(text.replace("\n", newline).encode())
    after = text_after(prepare(path), "Occlum.json")
    expected = {
        **config,
        "entry_points": ["/bin/ringtaw-premain"],
        "env": {
            "default": ["A=b", "LD_LIBRARY_PATH=/opt/ringtaw/lib"],
            "untrusted": [
                "É",
                "EDG_MARBLE_TYPE",
                "EDG_MARBLE_COORDINATOR_ADDR",
                "EDG_MARBLE_DNS_NAMES",
                "EDG_MARBLE_UUID_FILE",
            ],
        },
    }
    assert after == json.dumps(expected, indent=indent, ensure_ascii=False).replace("\n", newline)


def test_several_entry_points_become_one(tmp_path: Path) -> None:
    preparation = prepare(write(tmp_path, entry_points=["/bin", "/usr/bin/python3"]))
    after = json.loads(text_after(preparation, "Occlum.json"))
    assert after == {**CONFIG, "entry_points": ["/bin/ringtaw-premain"]}
    assert any('["/bin", "/usr/bin/python3"]' in note for note in preparation.notes)


def test_prepared_again_nothing_changes(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "hello.yaml").write_text(COPY_BOM)
    apply(prepare(path).changes)
    assert prepare(path).changes == ()
    assert OcclumBuild().validate_config(ValidateRequest(str(path))) == []


def test_limits_are_raised_only_if_too_small(tmp_path: Path) -> None:
    limits = {
        **CONFIG["resource_limits"],
        "user_space_size": "1MB",
        "user_space_max_size": "40MB",
        "kernel_space_heap_size": "32MB",
    }
    preparation = prepare(write(tmp_path, resource_limits=limits))
    after = json.loads(text_after(preparation, "Occlum.json"))["resource_limits"]
    assert after["user_space_size"] == "1MB"
    assert after["user_space_max_size"] == "84MB"
    assert after["kernel_space_heap_size"] == "64MB"
    assert len([note for note in preparation.notes if "too little" in note]) == 2


def test_copy_bom_file_beside_it_is_added_to(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(COPY_BOM)
    (tmp_path / "deployment.yaml").write_text("kind: Deployment\n")
    after = text_after(prepare(write(tmp_path)), "hello.yaml")
    head, tail = COPY_BOM.split("        # and nothing else")
    assert after.startswith(head)
    assert after.endswith("        # and nothing else" + tail)
    (tmp_path / "hello.yaml").write_text(after)
    items = [
        (item.target, item.source) for item in copied(read_copy_bom(str(tmp_path / "hello.yaml")))
    ]
    assert items == [
        ("/bin/hello", "../hello"),
        ("/opt/ringtaw", "../premain"),
        ("/opt/ringtaw/bin/python3._pth", "../python3._pth"),
        ("/bin/ringtaw-premain", "../ringtaw-premain"),
    ]


@pytest.mark.parametrize(
    "text", [FLAT, FLAT.rstrip(), FLAT.replace("\n", "\r\n"), "includes: [base.yaml]\n", ""]
)
def test_other_styles_of_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hello.yaml"
    path.write_bytes(text.encode())
    after = text_after(prepare(write(tmp_path), str(path)), "hello.yaml")
    assert after.startswith(text)
    assert ("\r\n" in after) == ("\r\n" in text)
    path.write_bytes(after.encode())
    assert {item.target for item in copied(read_copy_bom(str(path)))} >= {
        "/opt/ringtaw",
        "/bin/ringtaw-premain",
    }


def test_yaml_that_cannot_be_added_to_says_what_to_add(tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    path.write_text("targets: [{target: /bin}]\n")
    with pytest.raises(PlatformError, match="cannot be added to") as caught:
        prepare(write(tmp_path), str(path))
    assert "- target: /opt/ringtaw" in str(caught.value)


def test_without_a_single_copy_bom_file_one_is_made(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(COPY_BOM)
    preparation = prepare(write(tmp_path))
    names = {Path(change.path).name: change.before for change in preparation.changes}
    assert names.keys() == {"Occlum.json", "premain.yaml", "ringtaw-premain", "python3._pth"}
    assert names["premain.yaml"] is None
    apply(preparation.changes)
    assert prepare(tmp_path / "Occlum.json").changes == ()


def test_sources_in_an_instance_are_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    after = text_after(prepare(write(tmp_path)), "premain.yaml")
    assert "- from: premain\n" in after
    assert "- ringtaw-premain\n" in after


def test_launcher_runs_the_premain_and_nothing_beside_it(tmp_path: Path) -> None:
    apply(prepare(write(tmp_path)).changes)
    for name in ("ringtaw_premain", "ssl", "re"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ran = subprocess.run(
        [sys.executable, tmp_path / "ringtaw-premain"],
        env={**environ, "EDG_MARBLE_TYPE": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 125, ran.stderr
    assert "EDG_MARBLE_TYPE" in ran.stderr


def test_paths_are_those_of_the_runtime(tmp_path: Path) -> None:
    (tmp_path / "premain/lib/python3.12").mkdir(parents=True)
    (tmp_path / "premain/lib/python3.12/os.pyc").write_text("x" * (3 << 20))
    preparation = prepare(write(tmp_path))
    assert text_after(preparation, "ringtaw-premain").startswith("#!/opt/ringtaw/bin/python3\n")
    paths = text_after(preparation, "python3._pth")
    assert paths == "../lib/python3.12\n../lib/python3.12/lib-dynload\n"
    assert any("(1 file, 3.0 MiB)" in note for note in preparation.notes)


def test_library_path_of_the_program_stays(tmp_path: Path) -> None:
    env = {**CONFIG["env"], "default": ["LD_LIBRARY_PATH=/app/lib"]}
    preparation = prepare(write(tmp_path, env=env))
    after = json.loads(text_after(preparation, "Occlum.json"))["env"]["default"]
    assert after == ["LD_LIBRARY_PATH=/opt/ringtaw/lib:/app/lib"]


@pytest.mark.parametrize(
    ("given", "expected"), [("", "no"), (":/app/lib", "/app/lib"), (":/a:/b", "/a:/b")]
)
def test_launcher_keeps_its_libraries_from_the_program(
    tmp_path: Path, given: str, expected: str
) -> None:
    apply(prepare(write(tmp_path)).changes)
    head, _ = (tmp_path / "ringtaw-premain").read_text().split("from ringtaw_premain")
    program = head + 'print(os.environ.get("LD_LIBRARY_PATH", "no"))'
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LD_LIBRARY_PATH": f"/opt/ringtaw/lib{given}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.strip() == expected


def test_launcher_on_the_page_is_the_one_that_is_written(tmp_path: Path) -> None:
    page = (PROJECT / "docs/occlum.md").read_text()
    assert f"```python\n{text_after(prepare(write(tmp_path)), 'ringtaw-premain')}```" in page


def test_notes_say_what_is_left_to_do(tmp_path: Path) -> None:
    (tmp_path / "image/bin").mkdir(parents=True)
    (tmp_path / "image/bin/hello").write_text("")
    notes = "\n".join(prepare(write(tmp_path, entry_points=["/bin/hello"])).notes)
    assert '"Parameters": {"Argv": ["/bin/hello"]}' in notes
    assert f"{tmp_path}/premain is not there yet" in notes
    assert "occlum build --sign-key" in notes


def test_launcher_that_cannot_be_executed(tmp_path: Path) -> None:
    path = write(tmp_path)
    apply(prepare(path).changes)
    (tmp_path / "ringtaw-premain").chmod(0o644)
    preparation = prepare(path)
    assert preparation.changes == ()
    assert any(f"chmod 755 {tmp_path}/ringtaw-premain" in note for note in preparation.notes)
    (finding,) = OcclumBuild().validate_config(ValidateRequest(str(path)))
    assert finding.code == "not-executable"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Occlum.json:1: "),
        ("[]", "must be an object"),
        ('{"entry_points": ["/bin"]}', "missing"),
        ('{"env": [1], "env": 2}', "already on line 1"),
    ],
)
def test_configuration_with_errors_is_left_alone(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlatformError, match=message):
        prepare(write(tmp_path, text))


@pytest.mark.parametrize("text", ["targets: [", "kind: Deployment\n", "- a\n"])
def test_companion_that_is_no_copy_bom_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "hello.yaml").write_text(text)
    with pytest.raises(PlatformError, match=r"hello\.yaml"):
        prepare(write(tmp_path), str(tmp_path / "hello.yaml"))
