"""Programs that run in the interpreter a runtime is made of. They import nothing of the kit."""
