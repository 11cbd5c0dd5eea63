"""Recovery by the owners of the recovery keys, from the first secret to a Coordinator that serves.

``secret → hash → enough? → DEK → state → signatures → sealed anew, durably → served``

Until the last step nothing has changed; a secret that does not fit leaves the others as they were.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringtaw_coordinator.core.serving import Serving, serve
from ringtaw_coordinator.errors import (
    ManifestError,
    RequestRefusedError,
    TemplateError,
)
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.state.model import Deployment
from ringtaw_coordinator.state.recovery_run import RecoveryRun, Share, unsigned_shares
from ringtaw_coordinator.state.sealed_data import OutdatedError, UnsealError
from ringtaw_coordinator.state.vault import Vault


def recover(run: RecoveryRun, vault: Vault, secret: bytes, signature: bytes) -> Serving | None:
    """Take one secret; return what is served once enough are in, None before that.

    Raises:
        RecoverySecretError: The secret cannot be decrypted.
        RequestRefusedError: It is nobody's, was handed in before, or its signature is wrong; or all
            secrets together do not open the state.
        StoreError: The recovered state could not be sealed durably; the last secret counts as not
            handed in.
    """
    share = run.accept(secret, signature)
    if not run.is_complete:
        return None
    try:
        dek, deployment, manifest = _open(run, vault)
        unsigned = unsigned_shares(run.shares, manifest.recovery_keys.values())
        serving = serve(deployment, manifest)
        if not unsigned:
            vault.resume(deployment, manifest, dek)
    except Exception:
        run.give_back([share])
        raise
    if unsigned:
        run.give_back(unsigned)
        raise _wrong_signature(unsigned)
    return serving


def _open(run: RecoveryRun, vault: Vault) -> tuple[bytes, Deployment, Manifest]:
    try:
        dek = run.key()
        deployment = vault.unlock(dek)
        return dek, deployment, load_manifest(deployment.manifest).manifest
    except OutdatedError as error:
        reason = f"the state cannot be recovered: {error}. {error.remedy}"
        raise RequestRefusedError(reason) from None
    except (UnsealError, ManifestError, TemplateError, ValueError) as error:
        raise RequestRefusedError(f"the state cannot be recovered: {error}") from None


def _wrong_signature(unsigned: Iterable[Share]) -> RequestRefusedError:
    numbers = ", ".join(str(share.number + 1) for share in unsigned)
    return RequestRefusedError(
        f"the signature over recovery secret {numbers} (in the order of the manifest's "
        "RecoveryKeys) is not its owner's: sign the decrypted secret with the private recovery "
        "key and hand it in again; the other secrets are kept"
    )
