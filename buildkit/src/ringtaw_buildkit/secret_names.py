"""Names of variables that hold secrets, by what people call them.

Public. A libOS's configuration is protected against change, not against reading, so a fixed value
under such a name is a secret that everybody can read.
"""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r".*(?:PASSWORD|PASSWD|PASSPHRASE)"
    r"|.+_PWD"  # PWD itself is the working directory
    r"|(?:.*_)?(?:SECRET|TOKEN|(?:PRIVATE|SECRET|API|ACCESS|ENCRYPTION)_KEY)",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Whether the value of a variable of this name is probably a secret."""
    return bool(_SECRET.fullmatch(name))
