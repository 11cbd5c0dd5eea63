"""Certificates for tests; they live in the testkit."""

from __future__ import annotations

from ringtaw_testkit.identities import Certified, anonymous_context, marble_root, self_signed

__all__ = ["Certified", "anonymous_context", "marble_root", "self_signed"]
