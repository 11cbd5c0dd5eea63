"""Templates mean here what they mean to Go's text/template, run as the oracle."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from ringtaw_coordinator.templates import LocatedTemplateError

from tests.templates.template_data import render

ORACLE = Path(__file__).parent / "go_oracle" / "main.go"
GO = shutil.which("go") or shutil.which("/usr/local/go/bin/go")

FRAGMENTS = [
    *(b"{{", b"{{- ", b"{{-", b"}}", b" -}}", b"-}}", b" ", b"  ", b"\n", b"\t", b"\r"),
    *(b"hex", b"pem", b"base64", b"raw", b"string", b"index", b"printf", b"if", b"end", b"nil"),
    *(b".Secrets", b".Secrets.a", b".Previous.Secrets.a", b".MarbleRun.RootCA", b".MarbleCert"),
    *(b".Cert", b".Public", b".Private", b".a", b".a-b", b".\xc3\xa9", b".", b"..", b"$", b".1"),
    *(b"(", b")", b"|", b'"a"', b'"a-b"', b"`a`", b'"\\x61"', b'"\\u00e9"', b'"\\q"', b'"a\nb"'),
    *(b"/*", b"*/", b"{{/* c */}}", b"{{- /* c */ -}}", b"text", b"\xff", b"\xc3\xa9", b"\0"),
    *(b",", b":=", b"'a'", b"-", b"1", b"x", b"_", b"{", b"}"),
]
ACTIONS = [
    b"hex .Secrets.a",
    b"pem .Secrets.a.Cert",
    b'index .Secrets "a-b" | hex',
    b"raw (index .Secrets `key`)",
    b"(.Secrets.a).Cert | pem",
    b'"literal"',
    b"base64 .MarbleRun.MarbleCert.Private",
    b'hex (index .Previous.Secrets "a").Public',
    b"(index .Secrets).a | hex |",
]
DELIBERATE = (
    "cannot be inserted as it is",
    "not supported",
    "there is no function",
    'unexpected "-"',
)
"""What Go takes and we refuse: printing of raw values, control structures, numbers."""


def random_template(source: random.Random) -> bytes:
    if source.random() < 0.5:
        return b"".join(source.choices(FRAGMENTS, k=source.randint(1, 12)))
    action = source.choice((b"{{", b"{{ ", b"{{- ")) + source.choice(ACTIONS)
    action += source.choice((b"}}", b" }}", b" -}}", b"\n-}}"))
    for _ in range(source.randint(0, 2)):
        at = source.randrange(len(action))
        if source.random() < 0.6:
            action = action[:at] + source.choice(FRAGMENTS) + action[at:]
        else:
            action = action[:at] + action[at + 1 :]
    return source.choice((b"", b" text \n")) + action + b"\n tail"


def ours(template: bytes) -> tuple[bytes | None, str]:
    try:
        return render(template), ""
    except LocatedTemplateError as error:
        return None, error.reason


@pytest.mark.skipif(GO is None, reason="needs Go, whose text/template is the oracle")
def test_agrees_with_go() -> None:
    source = random.Random("templates")  # noqa: S311 - repeatable on purpose
    templates = [random_template(source) for _ in range(20_000)]
    question = json.dumps([base64.b64encode(template).decode() for template in templates])
    answer = subprocess.run(
        [str(GO), "run", str(ORACLE)], input=question.encode(), capture_output=True, check=True
    )
    accepted = 0
    for template, encoded in zip(templates, json.loads(answer.stdout), strict=True):
        expected = None if encoded is None else base64.b64decode(encoded)
        output, reason = ours(template)
        if output is None and any(text in reason for text in DELIBERATE):
            continue
        assert output == expected, template
        accepted += output is not None
    assert accepted > len(templates) / 4
