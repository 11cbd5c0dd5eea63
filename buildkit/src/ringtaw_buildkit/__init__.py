"""What the build sides of adapters share, on the developer's machine. Never in an enclave."""
