"""Templates of key files: which give 16 bytes as they are."""

from __future__ import annotations

import pytest
from ringtaw_gramine.build.key_templates import fits, secret_name, stays_raw


@pytest.mark.parametrize(
    ("template", "raw", "name"),
    [
        ("{{ raw .Secrets.Disk }}", True, "Disk"),
        ("{{raw .Secrets.Disk.Private}}", True, "Disk"),
        ("{{- raw .Secrets.Disk -}}", True, "Disk"),
        ('{{ raw (index .Secrets "disk-key") }}', True, "disk-key"),
        ('{{ index .Secrets "disk-key" | raw }}', True, "disk-key"),
        ("0123456789abcdef", True, ""),
        ("0123456789", False, ""),
        ("{{ hex .Secrets.Disk }}", False, "Disk"),
        ("{{ .Secrets.Disk | base64 }}", False, "Disk"),
        ("{{ .Secrets.Disk }}", False, "Disk"),
        ("{{ pem .Secrets.Disk.Private }}", False, "Disk"),
        (" {{ raw .Secrets.Disk }}", False, "Disk"),
        ("{{ raw .Secrets.Disk }}\n", False, "Disk"),
    ],
)
def test_what_a_template_gives(template: str, raw: bool, name: str) -> None:
    assert (stays_raw(template), secret_name(template)) == (raw, name)


@pytest.mark.parametrize(
    ("definition", "fit"),
    [
        ({"Type": "symmetric-key", "Size": 128}, True),
        ({"type": "symmetric-key", "SIZE": 128}, True),
        ({"Type": "plain"}, True),
        ({"Type": "symmetric-key", "Size": 256}, False),
        ({"Type": "cert-rsa", "Size": 128}, False),
        ({}, False),
    ],
)
def test_which_secrets_have_16_bytes(definition: dict[str, object], fit: bool) -> None:
    assert fits({"Secrets": {"Disk": definition}}, "Disk") is fit


def test_a_secret_that_is_not_there_is_the_coordinators_business() -> None:
    assert fits({}, "Disk")
