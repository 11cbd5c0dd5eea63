"""The manifest: what a deployment consists of, and what it may do.

* :mod:`.load`: from the bytes a user sent to a typed manifest, or to all that is wrong with it
* :mod:`.model`: the typed manifest
"""
