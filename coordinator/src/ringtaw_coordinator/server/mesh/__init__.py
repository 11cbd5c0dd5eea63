"""The mesh API: gRPC for Marbles, on an HTTP/2 server of its own (docs/adr/0001)."""
