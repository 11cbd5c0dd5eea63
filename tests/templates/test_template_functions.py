"""The functions of templates: what they encode, for which target, and how they fail."""

from __future__ import annotations

import base64

import pytest
from ringtaw_coordinator.manifest.model import SecretType
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates import (
    LocatedTemplateError,
    Target,
    TemplateData,
    TypedSecret,
    compile_template,
)

from tests.templates.template_data import DATA, WHERE, key, render

PLAIN = TemplateData(
    {"p": key(b"a\xff text", SecretType.PLAIN), "nul": key(b"a\0b", SecretType.PLAIN)}, {}, {}
)


@pytest.mark.parametrize(
    ("part", "label", "content"),
    [
        (b"Cert", b"CERTIFICATE", b"the certificate of a"),
        (b"Public", b"PUBLIC KEY", b"public\0of a"),
        (b"Private", b"PRIVATE KEY", b"private of a"),
    ],
)
@pytest.mark.parametrize("target", Target)
def test_pem(target: Target, part: bytes, label: bytes, content: bytes) -> None:
    encoded = base64.b64encode(content)
    expected = b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label, encoded, label)
    assert render(b"{{ pem .Secrets.a.%b }}" % part, target) == expected


def test_pem_breaks_lines_at_64() -> None:
    data = TemplateData({"k": key(bytes(range(100)))}, {}, {})
    lines = render(b"{{ pem .Secrets.k.Private }}", data=data).splitlines()
    assert [len(line) for line in lines[1:-1]] == [64, 64, 8]


@pytest.mark.parametrize("target", Target)
def test_bare_secret_is_its_public_part(target: Target) -> None:
    assert render(b"{{ hex .Secrets.a }}", target) == b"public\0of a".hex().encode()
    assert render(b"{{ base64 .Secrets.key }}", target) == base64.b64encode(b"a key")


def test_raw_gives_the_bytes_of_each_part() -> None:
    source = b"{{ raw .Secrets.a.Cert }}|{{ raw .Secrets.a.Public }}|{{ raw .Secrets.a.Private }}"
    assert render(source) == b"the certificate of a|public\0of a|private of a"


def test_previous_and_marblerun() -> None:
    source = b"{{ raw .Previous.Secrets.a }},{{ raw .MarbleRun.RootCA.Cert }},"
    source += b"{{ raw .MarbleRun.MarbleCert.Private }},{{ raw .MarbleRun.CoordinatorRoot.Cert }},"
    source += b"{{ raw .MarbleRun.CoordinatorIntermediate.Cert }}"
    assert render(source) == b"old,root,leaf private,coordinator,intermediate"


def test_string_gives_plain_secrets_to_the_environment() -> None:
    assert render(b"{{ string .Secrets.p }}", Target.ENV, PLAIN) == b"a\xff text"


@pytest.mark.parametrize(
    ("source", "reason", "hint"),
    [
        (b"{{ raw .Secrets.p }}", 'no function "raw" for environment variables', ""),
        (b"{{ strin .Secrets.p }}", 'no function "strin"', 'did you mean "string"?'),
        (b"{{ string .Secrets.nul }}", ".Secrets.nul has a NUL byte", ""),
        (b"{{ string .Secrets.p.Private }}", "takes a whole secret, not its part Private", ""),
    ],
)
def test_refused_in_environment(source: bytes, reason: str, hint: str) -> None:
    with pytest.raises(LocatedTemplateError) as caught:
        render(source, Target.ENV, PLAIN)
    assert reason in caught.value.reason
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("source", "reason", "hint"),
    [
        (b"{{ string .Secrets.a }}", 'no function "string" for files', "there are pem, hex"),
        (b"{{ Pem .Secrets.a.Cert }}", 'no function "Pem"', 'did you mean "pem"?'),
        (b"{{ printf .Secrets.a }}", 'no function "printf"', "there are pem"),
        (b"{{ pem .Secrets.a }}", "no PEM form", "pem .Secrets.a.Cert"),
        (b"{{ pem .Secrets.key.Cert }}", ".Secrets.key.Cert has no value", "has no certificate"),
        (b"{{ pem .MarbleRun.RootCA.Private }}", "has no value", "only MarbleCert has keys"),
        (b"{{ hex .MarbleRun.CoordinatorRoot.Public }}", "has no value", "only MarbleCert"),
        (b"{{ hex .MarbleRun.RootCA }}", "has no value", "only MarbleCert has keys"),
        (b"{{ hex .MarbleRun.RootCa.Cert }}", 'no field "RootCa"', 'did you mean "RootCA"?'),
        (b"{{ hex .Secret.a }}", '. has no field "Secret"', 'did you mean "Secrets"?'),
        (b"{{ hex .Secrets.a.cert }}", 'no field "cert"', 'did you mean "Cert"?'),
        (b"{{ hex .Secrets.a.Key }}", 'no field "Key"', "it has Cert, Public, Private"),
        (b"{{ hex .Secrets.a.Cert.Raw }}", '.Secrets.a.Cert has no field "Raw"', ""),
        (b"{{ hex .Secrets.kee }}", "there is no secret .Secrets.kee", 'did you mean "key"?'),
        (b"{{ hex .Previous.Secrets.key }}", "there is no secret .Previous.Secrets.key", ""),
        (b"{{ hex }}", '"hex" takes one argument, not 0', ""),
        (b"{{ hex .Secrets.a .Secrets.a }}", '"hex" takes one argument, not 2', ""),
        (b"{{ hex .Secrets.a | base64 }}", '"base64" encodes a secret, not text', ""),
        (b'{{ hex "a" }}', '"hex" encodes a secret, not text', ""),
        (b"{{ hex .Secrets }}", '"hex" encodes a secret, not .Secrets', ""),
        (b'{{ index .MarbleRun "RootCA" }}', '"index" cannot look into .MarbleRun', ""),
        (b'{{ index .Secrets "a" "b" }}', '"index" cannot look into .Secrets.a', ""),
        (b"{{ index .Secrets .Secrets.a }}", "needs the name of a secret in quotes", ""),
        (b"{{ index }}", '"index" needs .Secrets', ""),
    ],
)
def test_refused_in_files(source: bytes, reason: str, hint: str) -> None:
    with pytest.raises(LocatedTemplateError) as caught:
        render(source)
    assert reason in caught.value.reason
    assert hint in caught.value.hint


@pytest.mark.parametrize("kind", [kind for kind in SecretType if kind is not SecretType.PLAIN])
def test_string_refuses_other_types(kind: SecretType) -> None:
    data = TemplateData({"s": TypedSecret(kind, SecretValue(b"c", b"p", b"k"))}, {}, {})
    with pytest.raises(LocatedTemplateError, match=f"plain; .Secrets.s is a {kind}"):
        render(b"{{ string .Secrets.s }}", Target.ENV, data)


def test_empty_value_is_refused_without_showing_others() -> None:
    data = TemplateData(
        {"s": TypedSecret(SecretType.PLAIN, SecretValue(private=b"hidden"))}, {}, {}
    )
    with pytest.raises(LocatedTemplateError, match=r".Secrets.s has no value") as caught:
        render(b"{{ hex .Secrets.s }}", data=data)
    assert "hidden" not in str(caught.value)


def test_names_the_secrets_it_needs() -> None:
    source = b"{{ hex .Secrets.a }}{{ hex .Previous.Secrets.b }}{{ raw .MarbleRun.RootCA.Cert }}"
    template = compile_template(source + b'{{ hex (index .Secrets "c-d") }}', Target.FILE, WHERE)
    assert template.secrets == {"a", "c-d"}
    assert template.previous_secrets == {"b"}


def test_output_is_bounded() -> None:
    data = TemplateData({"big": key(bytes(3 << 20))}, {}, {})
    with pytest.raises(LocatedTemplateError, match="larger than 4,194,304 bytes"):
        render(b"{{ raw .Secrets.big }}{{ raw .Secrets.big }}", data=data)


def test_reprs_hold_no_secret() -> None:
    assert "private of a" not in repr(DATA.secrets["a"])
