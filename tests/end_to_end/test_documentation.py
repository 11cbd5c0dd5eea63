"""What the documentation says is true: its commands run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documentation import PROJECT, Block, blocks, pages
from tests.support.examples import EXAMPLES, copy_example, with_ports

RUN_ELSEWHERE = {
    # It makes a package and installs it: not into the environment of these tests.
    "docs/writing-an-adapter.md": "tests/testkit/test_tutorial.py",
}
PAGES_WITH_COMMANDS = [
    page
    for page in pages()
    if any(block.language == "sh" for block in blocks(page))
    and str(page.relative_to(PROJECT)) not in RUN_ELSEWHERE
]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")


def page_id(page: Path) -> str:
    return str(page.relative_to(PROJECT))


@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [
        target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_commands_are_marked_as_such(page: Path) -> None:
    assert not {block.language for block in blocks(page)} & {"", "bash", "shell", "console"}


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=page_id)
def test_commands_run(page: Path, tmp_path: Path, ports: dict[str, str]) -> None:
    script, missing = runnable([block for block in blocks(page) if block.language == "sh"])
    script = with_ports(script, ports)
    folder = PROJECT
    if page.is_relative_to(EXAMPLES):
        folder = tmp_path / page.parent.name
        copy_example(page.parent, folder, ports)
    result = subprocess.run(
        ["sh", "-eu"],
        input=f"{script}\n",
        cwd=folder,
        env={
            "OSTYPE": "linux-gnu",  # bash sets it; activate of Python 3.12 does not go without
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, f"{script}\n---\n{result.stdout}"
    if missing:
        pytest.skip(f"run up to the first command that needs what is missing: {missing}")


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_other_commands_run_elsewhere(page: str) -> None:
    assert f'"{page}"' in (PROJECT / RUN_ELSEWHERE[page]).read_text()


def runnable(commands: list[Block]) -> tuple[str, str]:
    """Return the commands up to the first that needs what this machine lacks, and what that is."""
    script = ""
    for block in commands:
        if other := block.attributes.get("tested-by"):
            assert block.body.strip() in (PROJECT / other).read_text()
            continue
        lacking = [name for name in block.requires if not is_there(name)]
        if lacking:
            return script, ", ".join(lacking)
        script += block.body
    return script, ""


def is_there(requirement: str) -> bool:
    return bool(shutil.which(requirement)) or Path(requirement).exists()
