"""Adding the premain to a user's Gramine manifest: what changes, and that nothing else does."""

from __future__ import annotations

import tomllib
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_gramine.build.prepare import prepare
from ringtaw_gramine.build.template import render
from ringtaw_premain.build_hookspecs import Preparation, PrepareRequest
from ringtaw_premain.errors import PlatformError

TEMPLATE = """\
# A server.   {# said to Jinja alone #}
libos.entrypoint = "{{ install_dir }}/server" # what runs
loader.log_level = "{{ log_level }}"
loader.argv = [
  "server",  # its name
  "--port", '80',
]
loader.env.LD_LIBRARY_PATH = '/lib:{{ arch_libdir }}'
{% if env.get("VERBOSE", "0") == "1" %}
loader.env.VERBOSE = "1"
{% endif %}

fs.mounts = [
  { path = "/lib", uri = "file:{{ gramine.runtimedir() }}" },
  {% for path in python.get_sys_path("python3") -%}
  { path = "{{ path }}", uri = "file:{{ path }}" },
  {%- endfor %}
]
sgx.edmm_enable = {{ 'true' if env.get('EDMM', '0') == '1' else 'false' }}
sgx.trusted_files = [ "file:{{ install_dir }}/server", "file:{{ gramine.runtimedir() }}/" ]
"""
ARGV = [
    *("/premain/bin/python3", "-I", "-S", "-B", "-X", "utf8", "-m", "ringtaw_premain", "--"),
    "{{ install_dir }}/server",
]
PASSTHROUGHS = (
    "EDG_MARBLE_TYPE",
    "EDG_MARBLE_COORDINATOR_ADDR",
    "EDG_MARBLE_UUID_FILE",
    "EDG_MARBLE_DNS_NAMES",
)
PLAIN = """\
libos.entrypoint = "/app"
[[fs.mounts]]
path = "/lib"
uri = "file:/gramine/glibc"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "app.manifest.template"
    path.write_text(TEMPLATE)
    return path


def prepared(config: Path, text: str = "", runtime: str = "premain") -> str:
    """Return the text after preparation, which must be stable."""
    if text:
        config.write_bytes(text.encode())
    (change,) = propose(config, runtime).changes
    assert change.before == config.read_bytes().decode()
    again = config.with_name(f"again.{config.name}")
    again.write_bytes(change.after.encode())
    assert propose(again, runtime).changes == ()
    return change.after


def propose(config: Path, runtime: str = "premain") -> Preparation:
    return prepare(PrepareRequest(str(config), (), runtime))


def data(text: str) -> Any:
    return tomllib.loads(render("x.template", text, {}).text)


def refusal(config: Path, text: str) -> str:
    config.write_text(text)
    with pytest.raises(PlatformError) as caught:
        propose(config)
    return str(caught.value)


def test_what_it_says_afterwards(config: Path) -> None:
    after = data(prepared(config))
    assert after["libos"]["entrypoint"] == "/premain/bin/python3"
    assert after["loader"]["argv"] == ARGV
    env = after["loader"]["env"]
    assert env["LD_LIBRARY_PATH"] == "/premain/lib:/lib:{{ arch_libdir }}"
    assert env["RINGTAW_ADAPTER"] == "gramine"
    assert all(env[name] == {"passthrough": True} for name in PASSTHROUGHS)
    assert {"path": "/premain", "uri": "file:premain"} in after["fs"]["mounts"]
    assert {"type": "tmpfs", "path": "/dev/shm"} in after["fs"]["mounts"]
    assert "file:premain/" in after["sgx"]["trusted_files"]
    assert {"file:uuid", "file:/etc/hosts", "file:/etc/resolv.conf"} <= set(
        after["sgx"]["allowed_files"]
    )
    assert after["sgx"]["remote_attestation"] == "dcap"
    assert after["sgx"]["enclave_size"] == "512M"
    assert after["sys"]["stack"]["size"] == "2M"


def test_what_the_user_wrote_stays(config: Path) -> None:
    after = prepared(config)
    gone = [line[2:] for line in ndiff(TEMPLATE.splitlines(), after.splitlines()) if line[0] == "-"]
    assert gone == [
        'libos.entrypoint = "{{ install_dir }}/server" # what runs',
        "loader.argv = [",
        '  "server",  # its name',
        "  \"--port\", '80',",
        "]",
        "loader.env.LD_LIBRARY_PATH = '/lib:{{ arch_libdir }}'",
        'sgx.trusted_files = [ "file:{{ install_dir }}/server", '
        '"file:{{ gramine.runtimedir() }}/" ]',
    ]
    assert 'libos.entrypoint = "/premain/bin/python3" # what runs' in after
    assert "'/premain/lib:/lib:{{ arch_libdir }}'" in after
    assert '"file:{{ gramine.runtimedir() }}/", "file:premain/" ]' in after


def test_the_arguments_go_to_the_coordinator(config: Path) -> None:
    notes = "\n".join(propose(config).notes)
    assert '{"Parameters": {"Argv": ["server", "--port", "80"]}}' in notes
    assert "ringtaw runtime build --adapter gramine" in notes


def test_other_line_endings_stay(config: Path) -> None:
    after = prepared(config, TEMPLATE.replace("\n", "\r\n"))
    assert after.count("\n") == after.count("\r\n")
    assert after.replace("\r\n", "\n") == prepared(config, TEMPLATE)
    assert "different ways" in refusal(config, "a = 1\r\nb = 2\n")


def test_tables_in_place_of_dotted_keys(config: Path) -> None:
    text = """\
[libos]
entrypoint = "/app"
[loader.env]
NAME = "x"
[[fs.mounts]]
path = "/lib"
uri = "file:{{ gramine.runtimedir() }}" # here
[sgx]
trusted_files = []
[[sgx.allowed_files]]
uri = "file:state/"
"""
    after = prepared(config, text)
    found = data(after)
    assert found["loader"]["env"]["NAME"] == "x"
    assert found["loader"]["argv"][-1] == "/app"
    assert [mount["path"] for mount in found["fs"]["mounts"]] == [
        *("/lib", "/premain", "/etc", "/dev/shm")
    ]
    assert found["sgx"]["allowed_files"][:2] == [{"uri": "file:state/"}, {"uri": "file:uuid"}]
    assert found["sgx"]["trusted_files"][0] == "file:premain/"


def test_what_is_there_already_is_not_added(config: Path) -> None:
    text = """\
libos.entrypoint = "/app"
loader.env.RINGTAW_ADAPTER = "gramine"
loader.env.EDG_MARBLE_TYPE = "fixed"
fs.mounts = [
  { path = "/lib", uri = "file:{{ gramine.runtimedir() }}" },
  { path = "/etc/hosts", uri = "file:hosts" },
  { type = "tmpfs", path = "/tmp" }
]
sys.stack.size = "4M"
sgx.enclave_size = "2G"
sgx.max_threads = 2
sgx.remote_attestation = "dcap"
sgx.trusted_files = ["file:app", "file:{{ gramine.runtimedir() }}/"]
sgx.allowed_files = ["file:uuid"]
"""
    found = data(prepared(config, text))
    assert [mount["path"] for mount in found["fs"]["mounts"]] == [
        *("/lib", "/etc/hosts", "/tmp", "/premain")
    ]
    assert found["loader"]["env"]["EDG_MARBLE_TYPE"] == "fixed"
    assert found["sgx"]["allowed_files"] == ["file:uuid"]
    assert (found["sgx"]["enclave_size"], found["sys"]["stack"]["size"]) == ("2G", "4M")
    assert found["sgx"]["max_threads"] == 4


def test_arguments_from_the_host_are_taken_away(config: Path) -> None:
    text = 'libos.entrypoint = "/app"\nloader.insecure__use_cmdline_argv = true # so far\n'
    after = prepared(config, text)
    assert "insecure" not in after
    assert '"--", "/app"] # so far\n' in after
    assert any("the host could run anything" in note for note in propose(config).notes)
    both = f'{text}loader.argv_src_file = "file:args"\nloader.argv = ["/app"]\nsgx.debug = true\n'
    found = data(prepared(config, both))
    assert set(found["loader"]) == {"argv", "env"}
    assert found["sgx"]["debug"] is True


def test_a_manifest_without_jinja(tmp_path: Path) -> None:
    config = tmp_path / "app.manifest"
    after = prepared(config, PLAIN + '[env]\nbraces = "{{ not Jinja }}"\n')
    assert "gramine.runtimedir" not in after
    found = tomllib.loads(after)
    assert found["sgx"]["trusted_files"] == ["file:premain/", "file:/gramine/glibc/"]
    config.write_text('libos.entrypoint = "/app"\n')
    with pytest.raises(PlatformError, match="no mount at /lib"):
        propose(config)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('{% if x %}\nlibos.entrypoint = "/a"\n{% else %}\nlibos.entrypoint = "/b"\n{% endif %}\n',
         2, "libos.entrypoint is set inside a Jinja block"),
        ('libos.entrypoint = "{% if x %}/a{% else %}/b{% endif %}"\n', 1, "cannot be moved"),
        ('libos.entrypoint = "/a"\n{% if x %}\nloader.argv = ["a"]\n{% endif %}\n', 3, "argv"),
        ('libos.entrypoint = "/a"\nloader.env = { A = "b" }\n', 2, "loader.env is an inline table"),
        ('libos.entrypoint = "/a"\nloader.env.LD_LIBRARY_PATH = { passthrough = true }\n',
         2, "LD_LIBRARY_PATH"),
        ('libos.entrypoint = "/a"\nsgx.trusted_files = {{ files }}\n', 2, "no plain array"),
        ("loader.log_level = 'error'\n", None, "there is no libos.entrypoint"),
        ('libos.entrypoint = "/a"\nfs.mounts = [\n', None, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_safely_is_refused(
    config: Path, text: str, line: int | None, what: str
) -> None:
    message = refusal(config, text)
    assert what in message
    if line:
        assert message.startswith(f"{config}:{line}: ")
        assert "by hand" in message or "write" in message
    assert config.read_text() == text


def test_a_place_that_is_taken(config: Path) -> None:
    mount = 'fs.mounts = [{ path = "/premain", uri = "file:other" }]\n'
    assert "/premain is mounted already" in refusal(config, f'libos.entrypoint = "/a"\n{mount}')


def test_a_program_for_another_c_library(config: Path) -> None:
    mount = """fs.mounts = [{ path = "/lib", uri = "file:{{ gramine.runtimedir('musl') }}" }]\n"""
    assert "musl" in refusal(config, f'libos.entrypoint = "/a"\n{mount}')


def test_a_folder_that_is_no_plain_name(config: Path) -> None:
    for runtime in ('pre"main', "{{ x }}", "a\nb", ""):
        with pytest.raises(PlatformError, match="runtime's folder"):
            propose(config, runtime)
    assert "file:build/premain/" in prepared(config, runtime="build/premain")


COMMENTS = st.sampled_from(
    ["", "# plain", '# "quoted" [x', "{# for Jinja = [ #}", "# {{ log_level }}", "{% set a = 1 %}"]
)
EXTRA = st.sampled_from(
    [
        'loader.log_level = "{{ log_level }}"',
        'loader.env.A = """multi\nline # = [ """',
        "loader.env.B = 'literal \\'",
        "sgx.debug = {{ debug }}",
        'sgx.max_threads = 8',
        '{% if a %}\nloader.env.C = "{{ \'}}\' }}"\n{% endif %}',
        'sys.fds.limit = 900',
        'fs.start_dir = "/"',
        'sgx.isvsvn = {% if a %}1{% else %}2{% endif %}',
        'loader.env."dotted.name" = { value = "x" }',
        'sgx.allowed_files = [\n  # none yet\n]',
        'sgx.allowed_files = [ "file:a", # with a , and ]\n "file:b" # last\n ]',
        'sgx.trusted_files = [\n{% for f in files %}\n  "file:{{ f }}",\n{% endfor %}\n]',
    ]
)  # fmt: skip


@st.composite
def templates(draw: st.DrawFn) -> str:
    extra = draw(st.lists(EXTRA, max_size=7, unique_by=lambda text: text.split("=")[0].strip()))
    quote = draw(st.sampled_from("\"'"))
    entrypoint = f"libos.entrypoint = {quote}/app{quote}"
    statements = draw(st.permutations([entrypoint, *extra]))
    lines = []
    for statement in statements:
        lines += [draw(COMMENTS), f"{draw(st.sampled_from(['', '  ']))}{statement}"]
    return "\n".join([*lines, draw(COMMENTS)]) + draw(st.sampled_from(["", "\n", "\n\n"]))


@given(text=templates())
@settings(max_examples=150, deadline=None)
def test_whatever_a_template_looks_like(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Each line stays, in its order, but for those whose value is meant to change."""
    config = tmp_path_factory.mktemp("template") / "app.manifest.template"
    after = prepared(config, text)
    rest = iter(after.split("\n"))
    for line in text.split("\n"):
        is_array_line = line.strip().startswith(('"file:b"', "sgx.allowed_files = ["))
        if "libos.entrypoint" not in line and not is_array_line and line.strip():
            assert any(line == each for each in rest), line
    before = data(text)
    found = data(after)
    assert found["loader"]["argv"][-1] == "/app"
    for key in ("debug", "isvsvn", "max_threads"):
        assert found["sgx"].get(key) == before.get("sgx", {}).get(key)
