"""The formats others build on: the manifest's JSON Schema and the mesh API. Data, no logic."""
