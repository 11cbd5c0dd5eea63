"""What the documentation says is true: its commands run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documentation import PROJECT, Block, blocks, pages

DEFAULT_PORTS = ("2001", "4433")
PAGES_WITH_COMMANDS = [
    page for page in pages() if any(block.language == "sh" for block in blocks(page))
]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")


def page_id(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


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
def test_commands_run(page: Path, tmp_path: Path) -> None:
    script = "".join(runnable(block) for block in blocks(page) if block.language == "sh")
    for port in DEFAULT_PORTS:
        script = re.sub(rf"\b{port}\b", free_port(), script)
    result = subprocess.run(
        ["sh", "-eu"],
        input=f"{script}\n",
        cwd=PROJECT,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, f"{script}\n---\n{result.stdout}"


def runnable(block: Block) -> str:
    """Return the block's commands, or skip the page for what this machine lacks."""
    if other := block.attributes.get("tested-by"):
        assert block.body.strip() in (PROJECT / other).read_text()
        return ""
    missing = [name for name in block.requires if not (shutil.which(name) or Path(name).exists())]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return block.body
