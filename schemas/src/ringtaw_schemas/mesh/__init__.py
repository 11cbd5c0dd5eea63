"""The mesh API (gRPC): marble.proto and the stubs generated from it."""
