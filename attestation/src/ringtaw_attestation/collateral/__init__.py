"""Collateral: what its issuers say about platforms, where it comes from, how it is kept."""
