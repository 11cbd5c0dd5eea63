"""Everything to write and test an adapter. Never in an enclave."""
