"""The value of a secret."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SecretValue:
    """What templates and clients see of a secret; an absent part is empty.

    For a key pair ``private`` is PKCS #8 DER and ``public`` SubjectPublicKeyInfo DER, beside the
    certificate's DER. For a symmetric key and plain data both parts are the bytes themselves.
    """

    certificate: bytes = b""
    public: bytes = field(default=b"", repr=False)
    private: bytes = field(default=b"", repr=False)
