"""The commands of adapters: thin over the hooks of their build sides."""
