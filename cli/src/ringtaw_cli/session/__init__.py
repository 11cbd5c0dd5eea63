"""How commands reach a Coordinator: options, verification, remembered identities, users' keys.

``options`` gives a command its options, ``opening`` the verified connection, ``pins`` remembers
whom it was to, ``user`` and ``passwords`` are about who asks, ``files`` reads and writes.
"""
