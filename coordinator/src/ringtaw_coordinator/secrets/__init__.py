"""Secrets of a manifest: their values, and how those come to be."""
