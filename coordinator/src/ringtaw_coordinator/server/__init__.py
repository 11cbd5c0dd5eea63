"""The Coordinator's servers: the mesh API for Marbles and the client API for people and tools."""
