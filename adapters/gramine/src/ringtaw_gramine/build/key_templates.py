"""What the template of a key file says: whether it gives bytes as they are, and of which secret.

The template language is Go's; only what is plain to see is judged (MarbleRun documentation,
"Define a manifest").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_ACTION: Final = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_ENCODED: Final = re.compile(r"(^|[|(])\s*(pem|hex|base64|string)\b")
_PLAIN: Final = re.compile(r"\.Secrets\.\w+(\.\w+)?")
_NAME: Final = re.compile(r"\.Secrets\.(\w+)|index\s+\.Secrets\s+(?:\"([^\"]+)\"|`([^`]+)`)")
_KEY_BITS: Final = 128


def stays_raw(template: str) -> bool:
    """Whether a template gives bytes as they are: by one action with nothing around it, that
    encodes nothing, or as literal text of the right length."""
    actions = _ACTION.findall(template)
    if not actions:
        return len(template.encode()) == _KEY_BITS // 8 or "\ufffd" in template  # was not text
    action, around = actions[0].strip(), _ACTION.sub("", template)
    return not (around or _ENCODED.search(action) or _PLAIN.fullmatch(action))


def secret_name(template: str) -> str:
    """Return the name of the secret that a template is about; "" if that is not plain."""
    found = _NAME.search(template)
    return next(filter(None, found.groups()), "") if found else ""


def fits(manifest: Mapping[str, object], name: str) -> bool:
    """Whether a secret may have 16 bytes. Users give plain secrets, of any length."""
    secret = _get(_get(manifest, "Secrets"), name, exact=True)
    if secret is None:
        return True  # that it is missing, the Coordinator says
    kind, size = _get(secret, "Type"), _get(secret, "Size")
    return bool(kind == "plain" or (kind == "symmetric-key" and size == _KEY_BITS))


def _get(mapping: Any, name: str, *, exact: bool = False) -> Any:
    if not isinstance(mapping, Mapping):
        return None
    if exact:
        return mapping.get(name)
    return next((mapping[key] for key in mapping if key.casefold() == name.casefold()), None)
