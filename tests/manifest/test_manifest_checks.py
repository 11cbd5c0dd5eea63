"""What the parts of a manifest say about each other."""

from __future__ import annotations

import pytest

from tests.manifest.samples import (
    JSON,
    SIGNER_ID,
    UNIQUE_ID,
    accepted,
    certificate,
    complete,
    load,
    minimal,
    problem,
    problems,
    recovery_key,
    user,
    warning,
    with_marble,
    with_secret,
)

SIGNED: JSON = {"SignerID": SIGNER_ID, "ProductID": 1, "SecurityVersion": 1}


def package(**fields: object) -> JSON:
    return minimal(Packages={"p": fields})


def without(key: str) -> JSON:
    return {name: value for name, value in SIGNED.items() if name != key}


# Packages and Marbles


@pytest.mark.parametrize("section", ["Packages", "Marbles"])
def test_at_least_one_package_and_marble(section: str) -> None:
    assert f'"{section}" is missing' in [p.message for p in problems(minimal(**{section: {}}))]


def test_package_of_a_marble_exists() -> None:
    found = problem(minimal(Packages={"backend": SIGNED}, Marbles={"m": {"Package": "backnd"}}))
    assert found.pointer == "/Marbles/m/Package"
    assert found.message == 'there is no package "backnd"'
    assert found.hint == 'did you mean "backend"?'
    assert problem(minimal(Marbles={"m": {}})).message == '"Package" is missing'


def test_tls_tags_of_a_marble_exist() -> None:
    manifest = with_marble(TLS=["wep"]) | {"TLS": {"web": {}}}
    found = problem(manifest)
    assert (found.pointer, found.message) == ("/Marbles/m/TLS/0", 'there is no TLS tag "wep"')
    assert found.hint == 'did you mean "web"?'


@pytest.mark.parametrize("identity", [{"UniqueID": UNIQUE_ID}, SIGNED])
def test_package_is_identified_in_one_way(identity: JSON) -> None:
    accepted(package(**identity))
    accepted(package(Debug=True, **identity))


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({}, "lacks UniqueID, or SignerID, ProductID, SecurityVersion"),
        (without("SignerID"), "lacks UniqueID, or SignerID"),
        (without("ProductID"), "lacks UniqueID, or ProductID"),
        (without("SecurityVersion"), "lacks UniqueID, or SecurityVersion"),
        ({"UniqueID": UNIQUE_ID, **SIGNED}, "both UniqueID and SignerID, ProductID, SecurityVer"),
        ({"UniqueID": UNIQUE_ID, "SignerID": SIGNER_ID}, "names both UniqueID and SignerID"),
        ({"UniqueID": UNIQUE_ID, "ProductID": 0}, "names both UniqueID and ProductID"),
    ],
)
def test_package_identity_errors_are_warnings_with_debug(identity: JSON, message: str) -> None:
    found = problem(package(**identity))
    assert found.pointer == "/Packages/p"
    assert message in found.message
    assert warning(package(Debug=True, **identity)) == found


def test_package_that_no_marble_uses_may_be_vague() -> None:
    packages = {"p": {"UniqueID": UNIQUE_ID}, "later": {"SignerID": SIGNER_ID}}
    assert accepted(minimal(Packages=packages)).packages["later"].signer_id == SIGNER_ID


@pytest.mark.parametrize("text", ["<replace with MRENCLAVE>", UNIQUE_ID[:-1], UNIQUE_ID + "0"])
@pytest.mark.parametrize("key", ["UniqueID", "SignerID"])
def test_placeholder_is_refused_without_and_a_warning_with_debug(key: str, text: str) -> None:
    identity = {"UniqueID": text} if key == "UniqueID" else {**SIGNED, "SignerID": text}
    found = problem(package(**identity))
    assert found.pointer == f"/Packages/p/{key}"
    assert (
        found.message
        == "must be 64 hexadecimal digits; only with Debug: true may it be a placeholder"
    )
    doubtful = warning(package(Debug=True, **identity))
    assert doubtful.pointer == f"/Packages/p/{key}"
    assert "placeholder" in doubtful.message
    loaded = load(package(Debug=True, **identity)).manifest.packages["p"]
    assert text.lower() in (loaded.unique_id, loaded.signer_id)


@pytest.mark.parametrize("name", ["A=B", "A\0B"])
def test_environment_names(name: str) -> None:
    found = problem(with_marble(Parameters={"Env": {name: "x"}}))
    assert found.message == "no environment variable can have a name with = or NUL"


def test_nul_in_paths_and_arguments() -> None:
    found = problems(with_marble(Parameters={"Files": {"/a\0": ""}, "Argv": ["a", "b\0"]}))
    assert [p.message for p in found] == [
        "no file can have a path with NUL",
        "no argument can contain NUL",
    ]


# TLS


def tls(**directions: object) -> JSON:
    return with_secret("cert", Type="cert-ed25519") | {"TLS": {"t": directions}}


@pytest.mark.parametrize(
    ("entry", "pointer", "message"),
    [
        ({}, "", '"Port" is missing'),
        ({"Port": "1", "Cert": "cert"}, "", "Cert needs DisableClientAuth: true"),
        ({"Port": "1", "DisableClientAuth": True}, "", "DisableClientAuth needs Cert"),
        (
            {"Port": "1", "Cert": "cret", "DisableClientAuth": True},
            "/Cert",
            'there is no secret "cret"',
        ),
        ({"Port": "1", "Addr": "a"}, "/Addr", "is for outgoing connections only"),
    ],
)
def test_incoming(entry: JSON, pointer: str, message: str) -> None:
    found = problem(tls(Incoming=[{"Port": "1"}, entry]))
    assert (found.pointer, found.message) == (f"/TLS/t/Incoming/1{pointer}", message)


def test_incoming_certificate_is_one() -> None:
    entry = {"Port": "1", "Cert": "s", "DisableClientAuth": True}
    manifest = with_secret(Type="symmetric-key", Size=8) | {"TLS": {"t": {"Incoming": [entry]}}}
    assert problem(manifest).message == 'the secret "s" is a symmetric-key and has no certificate'


@pytest.mark.parametrize(
    ("entry", "pointer", "message"),
    [
        ({"Port": "1"}, "", '"Addr" is missing'),
        ({"Addr": "a"}, "", '"Port" is missing'),
        ({"Addr": "a", "Port": "1", "Cert": "cert"}, "/Cert", "is for incoming connections only"),
        (
            {"Addr": "a", "Port": "1", "DisableClientAuth": True},
            "/DisableClientAuth",
            "is for incoming connections only",
        ),
    ],
)
def test_outgoing(entry: JSON, pointer: str, message: str) -> None:
    found = problem(tls(Outgoing=[entry]))
    assert (found.pointer, found.message) == (f"/TLS/t/Outgoing/0{pointer}", message)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "1" * 5000, "\N{SUPERSCRIPT ONE}"])
def test_odd_port_is_a_warning(port: str) -> None:
    found = warning(minimal(TLS={"t": {"Incoming": [{"Port": port}]}}))
    assert "is no TCP port" in found.message


# Users and roles


def test_user_certificate_is_required_and_parsed() -> None:
    assert problem(minimal(Users={"u": {}})).message == '"Certificate" is missing'
    good = user("u")["Certificate"]
    for text, message in [
        ("x", "has no PEM block"),
        (good.replace("CERTIFICATE", "PUBLIC KEY"), "of type PUBLIC KEY, not CERTIFICATE"),
        (good.replace("MII", "MIJ", 1), "holds no X.509 certificate"),
        (good.replace("MII", "M*I", 1), "content is not base64"),
        (recovery_key(), "of type PUBLIC KEY, not CERTIFICATE"),
    ]:
        found = problem(minimal(Users={"u": {"Certificate": text}}))
        assert found.pointer == "/Users/u/Certificate"
        assert message in found.message


def test_text_around_a_certificate_and_line_ends_do_not_matter() -> None:
    pem = user("u")["Certificate"]
    text = "subject=CN = u\r\n" + pem.replace("\n", "\r\n") + "\nmore"
    assert accepted(minimal(Users={"u": {"Certificate": text}})) == accepted(
        minimal(Users={"u": {"Certificate": pem}})
    )


def test_expired_certificate_is_accepted() -> None:
    assert certificate("u").not_valid_after_utc.year == 2020
    assert accepted(minimal(Users={"u": user("u")}))


def test_roles_of_a_user_exist() -> None:
    roles = {"admin": {"ResourceType": "Manifest"}}
    found = problem(minimal(Users={"u": user("u", "admn")}, Roles=roles))
    assert (found.pointer, found.message) == ("/Users/u/Roles/0", 'there is no role "admn"')
    assert found.hint == 'did you mean "admin"?'


def test_users_share_no_certificate() -> None:
    other = {"Certificate": "\n" + user("u")["Certificate"]}
    found = problem(minimal(Users={"u": user("u"), "v": other}))
    assert found.pointer == "/Users/v/Certificate"
    assert found.message == 'is also the certificate of the user "u"'


def role(resource_type: str, names: list[str], *actions: str) -> JSON:
    secrets = {
        "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
        "private": {"Type": "symmetric-key", "Size": 128},
        "uploaded": {"Type": "plain", "UserDefined": True},
    }
    entry = {"ResourceType": resource_type, "ResourceNames": names, "Actions": list(actions)}
    return minimal(Secrets=secrets, Roles={"r": entry})


@pytest.mark.parametrize(
    "manifest",
    [
        role("Packages", ["p"], "updateSECURITYversion"),
        role("Secrets", ["shared", "uploaded"], "readsecret"),
        role("Secrets", ["uploaded"], "ReadSecret", "WriteSecret"),
        role("Manifest", [], "UPDATEMANIFEST"),
        role("Secrets", ["private"]),
        role("Manifest", []),
    ],
)
def test_roles(manifest: JSON) -> None:
    accepted(manifest)


@pytest.mark.parametrize(
    ("manifest", "pointer", "message"),
    [
        (role("Packages", ["q"]), "/ResourceNames/0", 'there is no package "q"'),
        (role("Secrets", ["p"]), "/ResourceNames/0", 'there is no secret "p"'),
        (role("Secrets", ["shared"], "WriteSecret"), "/ResourceNames/0", "WriteSecret needs"),
        (role("Secrets", ["private"], "ReadSecret"), "/ResourceNames/0", "ReadSecret needs"),
        (role("Manifest", ["p"], "UpdateManifest"), "/ResourceNames", "names no resources"),
        (role("Packages", ["p"], "ReadSecret"), "/Actions/0", "is none of UpdateSecurityVersion"),
        (role("Secrets", [], "UpdateManifest"), "/Actions/0", "is none of ReadSecret, WriteSec"),
        (role("Manifest", [], "WriteSecret"), "/Actions/0", "is none of UpdateManifest"),
        (minimal(Roles={"r": {}}), "", '"ResourceType" is missing'),
    ],
)
def test_bad_roles(manifest: JSON, pointer: str, message: str) -> None:
    found = problem(manifest)
    assert found.pointer == f"/Roles/r{pointer}"
    assert message in found.message


# Secrets


@pytest.mark.parametrize(
    "definition",
    [
        {"Type": "symmetric-key", "Size": 8},
        {"Type": "symmetric-key", "Size": 65_280},
        {"Type": "symmetric-key", "Size": 65_288, "Shared": True},
        {"Type": "symmetric-key", "Size": 65_288, "UserDefined": True},
        {"Type": "symmetric-key", "UserDefined": True},
        {"Type": "cert-rsa", "Size": 2048},
        {"Type": "cert-rsa", "UserDefined": True},
        {"Type": "cert-rsa", "Size": 512, "UserDefined": True},
        *({"Type": "cert-ecdsa", "Size": size} for size in (224, 256, 384, 521)),
        {"Type": "cert-ed25519"},
        {"Type": "cert-ed25519", "Size": 0},
        {"Type": "plain", "UserDefined": True},
        {"Type": "cert-ed25519", "ValidFor": 1, "Cert": {"NotAfter": "0001-01-01T00:00:00Z"}},
        {"Type": "cert-ed25519", "Cert": {"NotAfter": "2999-01-01T00:00:00+02:00"}},
    ],
)
def test_secrets(definition: JSON) -> None:
    accepted(with_secret(**definition))


@pytest.mark.parametrize(
    ("definition", "pointer", "message"),
    [
        ({"Type": "unknown"}, "/Type", "is none of symmetric-key, cert-rsa"),
        ({"Size": 128}, "", '"Type" is missing'),
        ({"Type": "symmetric-key"}, "", '"Size" is missing'),
        ({"Type": "symmetric-key", "Size": 0}, "", '"Size" is missing'),
        ({"Type": "symmetric-key", "Size": 12}, "/Size", "a multiple of 8"),
        ({"Type": "symmetric-key", "Size": 7}, "/Size", "a multiple of 8"),
        ({"Type": "symmetric-key", "Size": 65_288}, "/Size", "at most 65,280 bits"),
        (
            {"Type": "symmetric-key", "Size": 33_554_440, "Shared": True},
            "/Size",
            "33554432 bits (4 MiB) at most",
        ),
        (
            {"Type": "symmetric-key", "Size": 2**60, "UserDefined": True},
            "/Size",
            "33554432 bits (4 MiB) at most",
        ),
        ({"Type": "cert-rsa"}, "", '"Size" is missing'),
        ({"Type": "cert-rsa", "Size": 1023}, "/Size", "1024 to 16384 bits"),
        ({"Type": "cert-rsa", "Size": 16_385}, "/Size", "1024 to 16384 bits"),
        ({"Type": "cert-ecdsa"}, "", '"Size" is missing'),
        ({"Type": "cert-ecdsa", "Size": 255}, "/Size", "224, 256, 384 or 521"),
        ({"Type": "cert-ed25519", "Size": 256}, "/Size", "leave Size out"),
        ({"Type": "plain"}, "", "is never generated: it needs UserDefined: true"),
        (
            {"Type": "cert-ed25519", "ValidFor": 1, "Cert": {"NotAfter": "2999-01-01T00:00:00Z"}},
            "",
            "has both ValidFor and Cert.NotAfter",
        ),
    ],
)
def test_bad_secrets(definition: JSON, pointer: str, message: str) -> None:
    found = problem(with_secret(**definition))
    assert found.pointer == f"/Secrets/s{pointer}"
    assert message in found.message


def test_weak_rsa_keys_are_a_warning() -> None:
    assert "is weak" in warning(with_secret(Type="cert-rsa", Size=1024)).message
    assert "is weak" in warning(with_secret(Type="cert-rsa", Size=2047)).message
    assert "is weak" in warning(minimal(RecoveryKeys={"r": recovery_key(bits=1024)})).message


def test_passed_not_after_is_a_warning_so_that_a_kept_manifest_loads_for_ever() -> None:
    found = warning(with_secret(Type="cert-ed25519", Cert={"NotAfter": "2020-01-01T00:00:00Z"}))
    assert found.message == "NotAfter has passed: no certificate can be made"


# Recovery keys and configuration


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        ("", "must be an RSA public key in PEM form"),
        ("x", "has no PEM block"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "holds no public key"),
        (recovery_key().replace("PUBLIC KEY", "RSA PUBLIC KEY"), "RSA PUBLIC KEY, not PUBLIC KEY"),
    ],
)
def test_bad_recovery_keys(pem: str, message: str) -> None:
    found = problem(minimal(RecoveryKeys={"r": pem}))
    assert found.pointer == "/RecoveryKeys/r"
    assert message in found.message


def updaters(count: int, threshold: int) -> JSON:
    """Return a manifest in which as many users have UpdateManifest, all of them twice."""
    roles = {
        "r": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
        "s": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
        "t": {"ResourceType": "Packages", "ResourceNames": ["p"]},
    }
    users = {f"u{i}": user(f"u{i}", "r", "s") for i in range(count)} | {"v": user("v", "t")}
    return minimal(Users=users, Roles=roles, Config={"UpdateThreshold": threshold})


@pytest.mark.parametrize(("count", "threshold"), [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)])
def test_update_threshold(count: int, threshold: int) -> None:
    assert accepted(updaters(count, threshold)).config.update_threshold == threshold


@pytest.mark.parametrize(("count", "threshold"), [(0, 1), (1, 2), (2, 3)])
def test_update_threshold_above_the_number_of_users(count: int, threshold: int) -> None:
    found = problem(updaters(count, threshold))
    assert found.pointer == "/Config/UpdateThreshold"
    assert found.message == f"is more than the {count} users who have UpdateManifest"


def recovery(keys: int, threshold: int) -> JSON:
    entries = {f"k{i}": recovery_key() for i in range(keys)}
    return minimal(RecoveryKeys=entries, Config={"RecoveryThreshold": threshold})


@pytest.mark.parametrize(("keys", "threshold"), [(0, 0), (1, 0), (2, 2), (3, 2), (256, 0)])
def test_recovery_threshold(keys: int, threshold: int) -> None:
    assert accepted(recovery(keys, threshold)).config.recovery_threshold == threshold


@pytest.mark.parametrize(
    ("keys", "threshold", "message"),
    [
        (0, 2, "is more than the 0 recovery keys"),
        (2, 3, "is more than the 2 recovery keys"),
        (2, 1, "must not be 1"),
        (1, 1, "must not be 1"),
        (256, 2, "at most 255 recovery keys"),
    ],
)
def test_bad_recovery_threshold(keys: int, threshold: int, message: str) -> None:
    found = problem(recovery(keys, threshold))
    assert found.pointer == "/Config/RecoveryThreshold"
    assert message in found.message


@pytest.mark.parametrize("gate", ["signquoteendpoint", "MONOTONICCOUNTER", "AzureHSMSealing"])
def test_feature_gates_in_any_letter_case(gate: str) -> None:
    (loaded,) = accepted(minimal(Config={"FeatureGates": [gate]})).config.feature_gates
    assert loaded.casefold() == gate.casefold()


# All at once


def test_all_problems_are_reported_at_once() -> None:
    manifest = complete()
    manifest["Packages"]["backend"]["UniqueID"] = "5e"
    manifest["Marbles"]["client"]["Package"] = "frontent"
    manifest["Marbles"]["server"]["MaxActivations"] = "3"
    manifest["Marbles"]["server"]["Parameters"]["Env"]["TOKEN"] = "{{ string .Secrets.tokn }}"
    manifest["Secrets"]["key"]["Size"] = 12
    manifest["Roles"]["secrets"]["Actions"] = ["ReadSecret", "Write"]
    manifest["TLS"]["web"]["Incoming"][1]["Cert"] = "certificate"
    manifest["Config"]["UpdateThreshold"] = 9
    manifest["Extra"] = {}
    assert {found.pointer for found in problems(manifest)} == {
        "/Packages/backend/UniqueID",
        "/Marbles/client/Package",
        "/Marbles/server/MaxActivations",
        "/Marbles/server/Parameters/Env/TOKEN",
        "/Secrets/key/Size",
        "/Roles/secrets/Actions/1",
        "/TLS/web/Incoming/1/Cert",
        "/Config/UpdateThreshold",
        "/Extra",
    }


def test_one_mistake_is_not_several() -> None:
    manifest = minimal(
        Secrets={"s": {"Type": "symetric-key"}},
        Marbles={"m": {"Package": "p", "Parameters": {"Env": {"E": "{{ hex .Secrets.s }}"}}}},
        Roles={"r": {"ResourceType": "Secrets", "ResourceNames": ["s"], "Actions": ["ReadSecret"]}},
        TLS={"t": {"Incoming": [{"Port": "1", "Cert": "s", "DisableClientAuth": True}]}},
    )
    assert problem(manifest).pointer == "/Secrets/s/Type"


def test_the_list_of_problems_is_bounded() -> None:
    found = problems(with_marble(TLS=[f"tag-{i}" for i in range(1000)]))
    assert len(found) == 101
    assert found[-1].message == "and at least 900 more"
