"""The syntax of templates: what is a token, what is trimmed, and what is refused by name."""

from __future__ import annotations

import pytest
from ringtaw_coordinator.templates import LocatedTemplateError, Target, compile_template

from tests.templates.template_data import DATA, WHERE, render


@pytest.mark.parametrize(
    ("source", "output"),
    [
        (b"", b""),
        (b"plain }} text", b"plain }} text"),
        (b"\xff\x00{{ hex .Secrets.key }}\xfe", b"\xff\x0061206b6579\xfe"),
        (b"a \n{{- hex .Secrets.key -}}\t\r\n b", b"a61206b6579b"),
        (b"a {{- /* a comment */ -}} b{{/* {{ */}}c", b"abc"),
        (b"{{ raw\n.Secrets.key\n}}", b"a key"),
        (b'{{ index .Secrets "a-b" | raw }}', b"dash"),
        (b"{{ index .Secrets `a-b` | raw }}", b"dash"),
        (b'{{ raw (index .Secrets "a").Private }}', b"private of a"),
        (b"{{ ((.Secrets).a).Private | raw }}", b"private of a"),
        ("{{ raw .Secrets.é }}".encode(), b"accent"),
        (b'{{ raw (index .Secrets "\\u00e9") }}', b"accent"),
        (b'{{ "\\x00\\101\\t\\"" }}', b'\0A\t"'),
        (b"{{ `{{ raw }}` }}", b"{{ raw }}"),
    ],
)
def test_accepted(source: bytes, output: bytes) -> None:
    assert render(source) == output


@pytest.mark.parametrize(
    ("source", "position", "reason"),
    [
        (b"{{ hex .Secrets.a", (1, 1), "unclosed action"),
        (b"\n {{/* x", (2, 2), "unclosed comment"),
        (b"{{/* x */ y }}", (1, 1), "a comment must end directly before"),
        (b"{{}}", (1, 3), "a value or function is missing"),
        (b"x\n{{ | hex }}", (2, 4), "a value or function is missing"),
        (b"{{ hex (.Secrets.a }}", (1, 8), 'unclosed "("'),
        (b"{{ hex .Secrets.a ) }}", (1, 19), 'unexpected ")"'),
        (b'{{ "a', (1, 4), "unterminated string"),
        (b'{{ "a\nb" }}', (1, 4), "unterminated string"),
        (b'{{ "\\q" }}', (1, 4), "this string has an escape that Go does not know"),
        (b'{{ "\\ud800" }}', (1, 4), "this string has an escape that stands for no character"),
        (b'{{ "' + b"x" * 10_000 + b'" }}', (1, 4), "this string is longer than 10,000"),
        (b"{{ if .Secrets }}x{{ end }}", (1, 4), '"if" is not supported'),
        (b"{{ range .Secrets }}{{ end }}", (1, 4), '"range" is not supported'),
        (b'{{ define "x" }}{{ end }}', (1, 4), '"define" is not supported'),
        (b"{{ $x := .Secrets.a }}", (1, 4), "variables are not supported"),
        (b"{{ $.Secrets.a }}", (1, 4), "variables are not supported"),
        (b"{{ 'x' }}", (1, 4), "character constants are not supported"),
        (b"{{ 12 }}", (1, 4), "numbers are not supported"),
        (b"{{ hex .Secrets.a-b }}", (1, 18), 'unexpected "-"'),
        (b"{{ hex .Secrets.1st }}", (1, 17), "numbers are not supported"),
        (b"{{ hex \x01 }}", (1, 8), 'unexpected "\\x01"'),
        (b"{{ hex \xff }}", (1, 8), 'unexpected "\\udcff"'),
        (b"{{ .Secrets.a }}", (1, 4), ".Secrets.a cannot be inserted as it is"),
        (b"{{ . }}", (1, 4), ". cannot be inserted as it is"),
        (b'{{ "a".b }}', (1, 7), "a string has no fields"),
        (b"{{ hex ..Secrets }}", (1, 9), 'unexpected "."'),
        (b'{{ .Secrets.a | "x" }}', (1, 17), "stage 2 of the pipeline is no call"),
        (b"{{ .Secrets.a .Secrets.a }}", (1, 4), "only a function takes arguments"),
        (b"{{ hex (" + b"(" * 32 + b".Secrets.a" + b")" * 33 + b"}}", (1, 40), "nested too deep"),
        (b"{{``}}" * 10_001, (1, 60_001), "more than 10,000 actions"),
    ],
)
def test_refused(source: bytes, position: tuple[int, int], reason: str) -> None:
    with pytest.raises(LocatedTemplateError) as caught:
        compile_template(source, Target.FILE, WHERE)
    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.column) == position
    assert str(caught.value).startswith(f"{WHERE}, {position[0]}:{position[1]}: ")


def test_position_is_in_decoded_characters() -> None:
    with pytest.raises(LocatedTemplateError, match=r", 2:6: "):
        render("ä\nöü{{ x }}".encode())


def test_odd_names_are_hinted_to_index() -> None:
    with pytest.raises(LocatedTemplateError, match=r"odd names as: index \.Secrets"):
        render(b"{{ hex .Secrets.a-b }}")


def test_a_thousand_unclosed_comments_cost_nothing() -> None:
    with pytest.raises(LocatedTemplateError, match="unclosed comment"):
        compile_template(b"{{/*" * 1_000_000, Target.FILE, WHERE)


def test_executes_many_times() -> None:
    template = compile_template(b"{{ hex .Secrets.key }}", Target.FILE, WHERE)
    assert template.execute(DATA) == template.execute(DATA) == b"61206b6579"
