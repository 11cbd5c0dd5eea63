"""The dry run of templates: by the loader, and with the values of secrets."""

from __future__ import annotations

import base64

import pytest
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates import MarbleTemplates, TemplateData, TypedSecret, dry_run

from tests.manifest.samples import JSON, accepted, minimal, problem, problems, with_marble

SECRETS: JSON = {
    "key": {"Type": "symmetric-key", "Size": 128},
    "upload": {"Type": "symmetric-key", "UserDefined": True},
    "plain": {"Type": "plain", "UserDefined": True},
    "uploaded-cert": {"Type": "cert-rsa", "UserDefined": True},
    "rsa": {"Type": "cert-rsa", "Size": 2048},
    "ecdsa": {"Type": "cert-ecdsa", "Size": 256},
    "ed25519": {"Type": "cert-ed25519", "Shared": True},
}


def env(text: str | JSON, **secrets: JSON) -> JSON:
    return with_marble(Parameters={"Env": {"E": text}}) | {"Secrets": SECRETS | secrets}


def file(text: str | JSON) -> JSON:
    return with_marble(Parameters={"Files": {"/f": text}}) | {"Secrets": SECRETS}


@pytest.mark.parametrize("part", ["Cert", "Public", "Private"])
@pytest.mark.parametrize("name", ["rsa", "ecdsa", "ed25519", "uploaded-cert"])
def test_key_pairs_have_all_parts(name: str, part: str) -> None:
    action = f'{{{{ pem (index .Secrets "{name}").{part} }}}}'
    accepted(env(action))
    accepted(file(action.replace(".Secrets", ".Previous.Secrets")))


@pytest.mark.parametrize("name", ["key", "upload", "plain"])
def test_data_has_no_certificate(name: str) -> None:
    accepted(file(f"{{{{ raw .Secrets.{name} }}}}{{{{ pem .Secrets.{name}.Private }}}}"))
    found = problem(file(f"{{{{ pem .Secrets.{name}.Cert }}}}"))
    assert found.pointer == "/Marbles/m/Parameters/Files/~1f"
    assert found.message == f"template, 1:4: .Secrets.{name}.Cert has no value"
    assert "has no certificate" in found.hint


@pytest.mark.parametrize("name", ["RootCA", "CoordinatorRoot", "CoordinatorIntermediate"])
@pytest.mark.parametrize("part", ["Public", "Private"])
def test_only_the_marble_certificate_has_keys(name: str, part: str) -> None:
    accepted(
        file(f"{{{{ pem .MarbleRun.{name}.Cert }}}}{{{{ pem .MarbleRun.MarbleCert.{part} }}}}")
    )
    assert "has no value" in problem(env(f"{{{{ pem .MarbleRun.{name}.{part} }}}}")).message


@pytest.mark.parametrize(
    ("manifest", "message", "hint"),
    [
        (env("{{ raw .Secrets.plain }}"), 'no function "raw" for environment', ""),
        (file("{{ string .Secrets.plain }}"), 'no function "string" for files', ""),
        (env("{{ string .Secrets.key }}"), "takes secrets of type plain", ""),
        (env("x\n {{ hex .Secrets.kye }}"), "2:5: there is no secret .Secrets.kye", '"key"?'),
        (env("{{ hex .Secrets.key"), "1:1: unclosed action", ""),
        (env({"Data": "e3sgIH19", "Encoding": "base64"}), "1:5: a value or function", ""),
        (env("a\0b"), "cannot contain a NUL byte", ""),
        (env({"Data": "AA==", "Encoding": "base64"}), "cannot contain a NUL byte", ""),
        (env({"Data": "00", "Encoding": "hex", "NoTemplates": True}), "cannot contain a NUL", ""),
        (env('{{ "\\x00" }}'), "cannot contain a NUL byte", ""),
    ],
)
def test_refused(manifest: JSON, message: str, hint: str) -> None:
    found = problem(manifest)
    assert message in found.message
    assert hint in found.hint


def test_files_may_hold_any_bytes() -> None:
    accepted(file({"Data": "00ff7b7b22227d7d", "Encoding": "hex"}))


def test_what_is_no_template_is_left_alone() -> None:
    accepted(env({"Data": "{{ nonsense", "NoTemplates": True}))
    accepted(with_marble(Parameters={"Argv": ["{{ nonsense"]}))


def test_every_mistake_of_a_template_is_reported() -> None:
    manifest = file("{{ hex .Secrets.a }}\n{{ hexx .Secrets.key }}\n{{ pem .Secrets.key }}")
    found = problems(manifest)
    assert sorted(each.message.split(":")[0] for each in found) == [
        "template, 1",
        "template, 2",
        "template, 3",
    ]


def test_initial_value_takes_the_place_of_a_stand_in() -> None:
    initial = {"Type": "plain", "UserDefined": True, "Private": base64.b64encode(b"a\0").decode()}
    assert "has a NUL byte" in problem(env("{{ string .Secrets.i }}", i=initial)).message


def test_known_values_take_the_place_of_stand_ins() -> None:
    manifest = accepted(env("{{ string .Secrets.plain }}{{ hex .Secrets.key }}"))
    assert dry_run(manifest) == []
    assert dry_run(manifest, {"plain": SecretValue(public=b"fine", private=b"fine")}) == []
    (found,) = dry_run(manifest, {"plain": SecretValue(public=b"a\0b", private=b"a\0b")})
    assert found.pointer == "/Marbles/m/Parameters/Env/E"
    assert "has a NUL byte" in found.message
    assert "a\0b" not in str(found)


def test_answers_that_grpc_would_not_carry_are_refused() -> None:
    half = "x" * (2 << 20)
    parameters = {"Files": {"/f": half}, "Env": {"E": half}}
    found = problem(with_marble(Parameters=parameters))
    assert found.pointer == "/Marbles/m"
    assert "would be at least 4,2" in found.message
    assert problem(with_marble(Parameters={"Argv": [half, half]})).pointer == "/Marbles/m"
    accepted(with_marble(Parameters={"Files": {"/f": half}}))


def test_answers_are_measured_with_their_secrets() -> None:
    big = {"big": {"Type": "symmetric-key", "Size": 8 << 20, "Shared": True}}
    marble = {"Package": "p", "Parameters": {"Files": {"/f": "{{ raw .Secrets.big }}" * 3}}}
    accepted(minimal(Secrets=big, Marbles={"m": marble}))
    marble["Parameters"] = {"Files": {"/f": "{{ hex .Secrets.big }}" * 3}}
    assert "would be at least 6,2" in problem(minimal(Secrets=big, Marbles={"m": marble})).message


def test_answers_are_measured_with_their_connections() -> None:
    tags = {"t": {"Incoming": [{"Port": str(port)} for port in range(1, 1100)]}}
    assert problem(with_marble(TLS=["t"]) | {"TLS": tags}).pointer == "/Marbles/m"
    accepted(minimal(TLS=tags))


def test_compiled_marble_renders_with_the_secrets_it_names_alone() -> None:
    manifest = accepted(
        with_marble(
            Parameters={
                "Files": {"/f": "{{ raw .Secrets.key }}", "/plain": "x"},
                "Env": {"E": "{{ hex .Previous.Secrets.key }}"},
            }
        )
        | {"Secrets": SECRETS}
    )
    marble = MarbleTemplates("m", manifest.marbles["m"].parameters)
    assert marble.secrets == marble.previous_secrets == {"key"}
    kind = manifest.secrets["key"].type
    new, old = (TypedSecret(kind, SecretValue(public=value)) for value in (b"new", b"old"))
    files, variables = marble.render(TemplateData({"key": new}, {"key": old}, {}))
    assert files == {"/f": b"new", "/plain": b"x"}
    assert variables == {"E": b"6f6c64"}
