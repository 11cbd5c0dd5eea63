"""The Coordinator's certificate authority: its own certificates and those it issues."""
