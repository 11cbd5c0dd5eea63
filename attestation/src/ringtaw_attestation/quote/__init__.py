"""Quotes: from bytes to typed fields. Nothing here says whether they are true."""
