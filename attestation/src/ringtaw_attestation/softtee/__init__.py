"""A software TEE."""
