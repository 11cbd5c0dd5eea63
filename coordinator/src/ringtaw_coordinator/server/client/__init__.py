"""The client API: HTTPS and JSON for people and tools."""
