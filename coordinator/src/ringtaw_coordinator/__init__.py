"""The Coordinator: the control plane of a deployment of Marbles.

Where to find what:

* ``manifest/``: read, validate and represent a manifest
* ``templates/``: Go templates in the manifest's files and environment
* ``secrets/`` and ``pki/``: what is generated for Marbles
* ``state/``: what is kept, and how it is kept durably
* ``core/``: the state machine; :mod:`ringtaw_coordinator.core.activation` is the life of a Marble
* ``server/``: the mesh API (gRPC) and the client API (HTTPS)
"""

__version__ = "0.1.0"
