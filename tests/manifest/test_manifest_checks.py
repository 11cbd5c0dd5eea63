"""Several problems in one manifest."""

from __future__ import annotations

from tests.manifest.samples import complete, minimal, problem, problems, with_marble


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
