"""Templates: what they give, and which line of the template each line comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_buildkit.document import DocumentError
from ringtaw_gramine.build.check import validate
from ringtaw_gramine.build.reading import read
from ringtaw_gramine.build.template import TemplateError, render
from ringtaw_premain.build_hookspecs import ValidateRequest

LOOP = """\
{% set folders = ["a", "b"] -%}

x = 1
files = [
{% for folder in folders %}
  "{{ folder }}",
{% endfor %}
]
{# a comment
   of two lines #}
y = {% if x %}1{% else %}2{% endif %}
z = "{{ name }}"
"""


def test_every_line_knows_its_line_in_the_template() -> None:
    rendered = render("t", LOOP, {"name": "n"})
    lines = zip(rendered.text.split("\n"), rendered.origins, strict=True)
    places = [(line.strip(), origin) for line, origin in lines if line.strip()]
    assert places == [
        ("x = 1", 3),
        ("files = [", 4),
        ('"a",', 6),
        ('"b",', 6),
        ("]", 8),
        ("y = 2", 11),
        ('z = "n"', 12),
    ]


def test_lines_of_one_expression_have_its_line() -> None:
    rendered = render("t", 'a = 1\n{{ ["b = 2", "c = 3"] | join("\n") }}\nd = 4\n', {})
    assert rendered.text.split("\n")[:4] == ["a = 1", "b = 2", "c = 3", "d = 4"]
    assert rendered.origins[:2] == (1, 2)
    assert rendered.origins[3] == 4


def test_what_is_captured_stays_as_it_is() -> None:
    text = "{% set s %}ab{% endset %}{% macro m() %}c{{ 1 }}{% endmacro %}"
    assert render("t", text + "x = {{ s | length }}{{ m() }}", {}).text == "x = 2c1"


def test_gramines_own_names() -> None:
    text = (
        "{{ gramine.libos }} {{ gramine.runtimedir() }} {{ gramine.runtimedir('musl') / 'x' }} "
        "{{ python.stdlib }} {{ python.get_path('purelib') }} {{ python.implementation.name }} "
        "{% for p in python.get_sys_path('x') %}{{ '/' if p.is_dir() else '' }}{% endfor %}"
    )
    words = render("t", text, {}).text.split()
    assert words[:3] == [
        "/usr/lib/x86_64-linux-gnu/gramine/libsysdb.so",
        "/usr/lib/x86_64-linux-gnu/gramine/runtime/glibc",
        "/usr/lib/x86_64-linux-gnu/gramine/runtime/musl/x",
    ]
    assert words[3].startswith("/usr/lib/python3.")
    assert words[5:] == ["cpython", "///"]


def test_the_environment_is_only_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of this process")
    text = "a = \"{{ env.SECRET }}\"\nb = \"{{ env.get('EDMM', '0') }}{{ env['HOME'] }}\"\n"
    rendered = render("t", text, {"env.HOME": "/home/me"})
    assert rendered.text == 'a = "{{ env.SECRET }}"\nb = "0/home/me"\n'
    assert rendered.unknown == {"env.SECRET": 1}


@pytest.mark.parametrize(
    "expression",
    ["x", "x.y[0].rsplit('.')[-1]", "x ~ 'a'", "x + 'a'", "x.name()", "'' if x else 'a'",
     "x == 1", "x | int", "x < 3", "x | length"],
)  # fmt: skip
def test_a_missing_variable_is_named_whatever_is_done_with_it(expression: str) -> None:
    rendered = render("t", f"\na = '{{{{ {expression} }}}}'", {})
    assert rendered.unknown == {"x": 2}


def test_a_missing_variable_with_a_default_is_not_missed() -> None:
    rendered = render("t", "{{ x | default('y') }}{% for a in z | default([]) %}{% endfor %}", {})
    assert (rendered.text, rendered.unknown) == ("y", {})


def test_a_missing_variable_may_be_a_whole_value(tmp_path: Path) -> None:
    path = tmp_path / "x.manifest.template"
    path.write_text("sgx.max_threads = {{ threads }} # many\n")
    reading = read(str(path), {})
    assert reading.document.data == {"sgx": {"max_threads": "{{ threads }}"}}
    assert reading.uncertain_lines == {1}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a = 1\n{% for %}", 2, "not Jinja"),
        ("a = 1\n\n{{ 1 / 0 }}", 3, "ZeroDivisionError"),
        ("a\n{{ 'x' | nofilter }}", 2, "No filter"),
        ("a\nb\x00", 2, "NUL"),
        ('\n{% include "/etc/passwd" %}', 2, "loader"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("\n{{ gramine.libos.__class__ }}", 2, "unsafe"),
        ("{{ python.get_config_var.__globals__ }}", 1, "unsafe"),
        ("\n{% for i in range(10**9) %}{% endfor %}", 2, "Range too big"),
        ("{% for i in range(90000) %}{{ 'x' * 9999 }}{% endfor %}", None, "16 MiB"),
    ],
)
def test_what_cannot_be_rendered(text: str, line: int | None, says: str) -> None:
    with pytest.raises(TemplateError, match=says) as caught:
        render("t.manifest.template", text, {})
    assert caught.value.line == line


def test_paths_in_templates_touch_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of the host")
    text = f"{{{{ (gramine.libos / '{tmp_path}/file').read_text() }}}}"
    rendered = render("t", text, {})
    assert (rendered.text, list(rendered.unknown)) == ("{{ read_text }}", ["read_text"])


def test_a_mistake_in_the_toml_has_the_templates_line(tmp_path: Path) -> None:
    path = tmp_path / "x.manifest.template"
    path.write_text("{% for i in [1, 2] %}\na{{ i }} = 1\n{% endfor %}\nb = = 2\n")
    with pytest.raises(DocumentError) as caught:
        read(str(path), {})
    assert caught.value.line == 4


def test_a_mistake_that_a_missing_variable_makes_names_the_variable(tmp_path: Path) -> None:
    path = tmp_path / "x.manifest.template"
    path.write_text("a = [{{ numbers }}]\n")
    (finding,) = validate(ValidateRequest(str(path)))
    assert (finding.code, finding.line) == ("syntax", 1)
    assert "numbers" in finding.cure


def test_windows_line_ends_count_once(tmp_path: Path) -> None:
    path = tmp_path / "x.manifest.template"
    path.write_bytes(b"{# c #}\r\na = 1\r\nlibos.entrypoint = 1\r\n")
    finding = next(f for f in validate(ValidateRequest(str(path))) if f.code == "wrong-type")
    assert finding.line == 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("garbage")


@given(content=st.binary(max_size=300))
def test_any_bytes_give_findings(content: bytes, folder: Path) -> None:
    _require_findings(folder, content)


@given(text=st.text(st.sampled_from(list("{}%# \n\"'=[].axsgx_-|()0")), max_size=80))
def test_anything_like_a_template_gives_findings(text: str, folder: Path) -> None:
    _require_findings(folder, text.encode())


def _require_findings(folder: Path, content: bytes) -> None:
    for name in ("garbage.manifest", "garbage.manifest.template"):
        (folder / name).write_bytes(content)
        assert validate(ValidateRequest(str(folder / name)))
