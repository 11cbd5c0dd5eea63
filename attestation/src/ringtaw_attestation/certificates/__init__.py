"""Certificates, revocation lists and what a PCK certificate says about its platform."""
