"""Verification of Intel DCAP quotes, step by step."""
