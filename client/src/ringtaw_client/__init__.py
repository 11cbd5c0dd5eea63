"""Client of a Coordinator that verifies it first."""
