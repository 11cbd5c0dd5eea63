"""Updates of what is in force.

* :mod:`.packages`: raised SecurityVersions, which one user decides
* :mod:`.proposal`: a new manifest, which users propose, acknowledge and cancel
* :mod:`.renewal`: what a deployment becomes under a new manifest
* :mod:`.updates`: these, joined to the state in force
"""
