"""What a trace of hook calls shows, and what it never does."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ringtaw_buildkit.tracing import describe, trace_hooks
from ringtaw_premain.errors import AdapterError
from ringtaw_premain.hookspecs import FileWrite, KeyBinding, LaunchRequest
from ringtaw_premain.plugins import choose_runtime

from tests.premain.adapters import AdapterDirectory

HOOKS = """
@hookimpl
def issue_evidence(self, report_data): raise EvidenceUnavailableError("no quote", hint="wait")
@hookimpl
def sealing_key(self, binding): return b"topsecretkey1234"
@hookimpl
def order_files(self, files): return [FileWrite(path, files[path]) for path in files]
@hookimpl
def launch_spec(self, request): raise ValueError("topsecret")
"""


@dataclass(frozen=True)
class Sample:
    shown: str
    hidden: str = field(repr=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (5, "5"),
        ("a'b\x1b", '"a\'b\\x1b"'),
        ("x" * 201, "<text of 201 characters>"),
        ("two\nlines", "<text of 9 characters>"),
        (b"topsecret", "<9 bytes>"),
        ({"PATH": "topsecret", "B": b""}, "{PATH: …, B: …}"),
        (["a", b"topsecret"], "['a', <9 bytes>]"),
        (tuple(range(12)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2 more]"),
        (Sample("a", "topsecret"), "Sample(shown='a', hidden=<hidden>)"),
        (FileWrite("/a", b"topsecret"), "FileWrite(path='/a', content=<hidden>, mode=WriteMode."),
        (KeyBinding.PRODUCT, "KeyBinding.PRODUCT"),
        (Path("/topsecret"), "<PosixPath>"),
        (Sample, "<type>"),
    ],
)
def test_what_is_shown_of_a_value(value: object, shown: str) -> None:
    assert describe(value).startswith(shown)
    assert "topsecret" not in describe(value)


def test_calls_of_a_runtime_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    AdapterDirectory(tmp_path).install("traced", HOOKS, module=f"traced_{tmp_path.name}")
    runtime = choose_runtime("traced", [str(tmp_path)])
    stream = io.StringIO()
    stop = trace_hooks(runtime, stream)
    runtime.sealing_key(KeyBinding.PRODUCT)
    runtime.order_files({"/key": b"topsecret"})
    with pytest.raises(AdapterError):
        runtime.launch_spec(LaunchRequest((), {"A": "topsecret"}, (), ()))
    stop()
    runtime.sealing_key(KeyBinding.PRODUCT)
    lines = [line.partition(" after ")[0] for line in stream.getvalue().splitlines()]
    assert lines == [
        "hook adapter(traced): sealing_key(binding=KeyBinding.PRODUCT)",
        "hook adapter(traced): sealing_key returned <16 bytes>",
        "hook adapter(traced): order_files(files={/key: …})",
        "hook adapter(traced): order_files returned "
        "[FileWrite(path='/key', content=<hidden>, mode=WriteMode.REGULAR)]",
        "hook adapter(traced): launch_spec(request=LaunchRequest(argv=[], environ=<hidden>, "
        "command_line=[], arguments=[]))",
        "hook adapter(traced): launch_spec raised ValueError",
    ]
