"""Who is a user, and what roles permit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ringtaw_coordinator.core.users import Users
from ringtaw_coordinator.errors import ForbiddenError, UnauthorizedError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import Action, User
from ringtaw_testkit.identities import self_signed

from tests.support.deployments import manifest
from tests.support.people import PACKAGES, person, role, users

SECRETS = {
    "one": {"Type": "plain", "UserDefined": True},
    "two": {"Type": "plain", "UserDefined": True},
    "three": {"Type": "symmetric-key", "Size": 128, "Shared": True},
}
ROLES = {
    "reader": role("Secrets", ["one", "three"], "readsecret"),
    "writer": role("Secrets", ["one", "two"], "WriteSecret"),
    "second-reader": role("Secrets", ["two"], "ReadSecret"),
    "manager": role("Manifest", [], "UpdateManifest"),
    "packager": role("Packages", ["frontend"], "UpdateSecurityVersion"),
}


def known(roles: dict[str, list[str]]) -> Users:
    raw = manifest(Packages=PACKAGES, Secrets=SECRETS, Roles=ROLES, Users=users(roles))
    return Users(load_manifest(raw).manifest)


def test_a_user_is_who_has_the_very_certificate() -> None:
    directory = known({"alice": ["reader"], "bob": []})
    assert directory.identify(person("alice").der).name == "alice"
    assert directory.identify(person("bob").der).name == "bob"


def test_nobody_else_is() -> None:
    directory = known({"alice": ["reader"]})
    alice = person("alice")
    twin = self_signed("alice", key=alice.key)  # same subject and key, another certificate
    for certificate in (b"", b"rubbish", twin.der, alice.der[:-1], alice.der + b"\0", alice.pem):
        with pytest.raises(UnauthorizedError, match=r"^unauthorized user"):
            directory.identify(certificate)


def test_expiry_does_not_count() -> None:
    expired = self_signed("old", not_before=timedelta(-9), not_after=timedelta(-8))
    section = {"old": {"Certificate": expired.pem.decode(), "Roles": []}}
    directory = Users(load_manifest(manifest(Users=section)).manifest)
    assert directory.identify(expired.der).name == "old"


def test_roles_add_up_and_no_further() -> None:
    alice = known({"alice": ["reader", "writer", "second-reader"]}).identify(person("alice").der)
    alice.require(Action.READ_SECRET, ["one", "two", "three"])
    alice.require(Action.WRITE_SECRET, ["one", "two", "two"])
    with pytest.raises(ForbiddenError, match=r'permits WriteSecret on "three"$'):
        alice.require(Action.WRITE_SECRET, ["one", "three"])
    with pytest.raises(ForbiddenError, match="no role with UpdateManifest"):
        alice.require(Action.UPDATE_MANIFEST)
    with pytest.raises(ForbiddenError, match="UpdateSecurityVersion or UpdateManifest"):
        alice.require_one_of(Action.UPDATE_SECURITY_VERSION, Action.UPDATE_MANIFEST)


def test_a_user_without_roles_may_do_nothing() -> None:
    bob = known({"bob": []}).identify(person("bob").der)
    for action in Action:
        with pytest.raises(ForbiddenError, match="bob"):
            bob.require(action)


def test_refusals_stay_short() -> None:
    alice = known({"alice": ["reader"]}).identify(person("alice").der)
    with pytest.raises(ForbiddenError) as caught:
        alice.require(Action.READ_SECRET, [f"{'x' * 500}{n}" for n in range(500)])
    assert len(str(caught.value)) < 1000


def test_updaters_are_those_with_the_role() -> None:
    directory = known({"alice": ["manager"], "bob": ["packager"], "carol": ["reader", "manager"]})
    assert directory.updaters == ("alice", "carol")


def test_many_users_with_the_same_roles_share_what_they_permit() -> None:
    loaded = load_manifest(manifest(Secrets=SECRETS, Roles={"reader": ROLES["reader"]})).manifest
    many = {str(n): User(n.to_bytes(4, "big"), ("reader",)) for n in range(10_000)}
    directory = Users(replace(loaded, users=many))
    first, last = directory.identify(bytes(4)), directory.identify((9_999).to_bytes(4, "big"))
    assert (first.name, last.name) == ("0", "9999")
    assert first.permissions is last.permissions
