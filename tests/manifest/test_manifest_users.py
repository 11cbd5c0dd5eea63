"""What is asked of users and roles."""

from __future__ import annotations

import pytest

from tests.manifest.samples import JSON, accepted, certificate, minimal, problem, recovery_key, user


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
