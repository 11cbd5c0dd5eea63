"""Whether Marbles can be activated with secrets that users have set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.errors import Problem
from ringtaw_coordinator.manifest.pointer import pointer
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates.dry_run import dry_run


def rehearse(
    serving: Serving, changed: Iterable[str], values: Mapping[str, SecretValue]
) -> list[Problem]:
    """Return what is wrong with the Marbles that use one of the ``changed`` secrets.

    ``values`` holds all secrets that have a value; what else a Marble needs is stood in for. It
    takes as long as there are Marbles to look at, however large the manifest is.
    """
    names = sorted(
        {name for secret in changed for name in serving.marbles_by_secret.get(secret, ())}
    )
    needed = {secret for name in names for secret in serving.marbles[name].secrets}
    known = {secret: values[secret] for secret in needed if secret in values}
    part = replace(
        serving.manifest,
        marbles={name: serving.marbles[name].definition for name in names},
        secrets={secret: serving.manifest.secrets[secret] for secret in needed},
    )
    return [*dry_run(part, known), *_incomplete(serving, names, known)]


def _incomplete(
    serving: Serving, names: Iterable[str], known: Mapping[str, SecretValue]
) -> Iterator[Problem]:
    for name in names:
        for secret in sorted(serving.marbles[name].tls_secrets & known.keys()):
            if not known[secret].certificate or not known[secret].private:
                message = f"a TLS tag presents the secret {quoted(secret)}, which needs Private"
                yield Problem(pointer("Marbles", name, "TLS"), message)
