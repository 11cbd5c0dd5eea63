"""What the build sides of adapters share, on the developer's machine. Never in an enclave.

For build sides: :mod:`~ringtaw_buildkit.document` (files with positions),
:mod:`~ringtaw_buildkit.schema` and :mod:`~ringtaw_buildkit.findings` (what is wrong in them),
:mod:`~ringtaw_buildkit.json_edit` (careful edits).

For whoever calls them: :mod:`~ringtaw_buildkit.adapters` (hooks as typed calls),
:mod:`~ringtaw_buildkit.inspection` (what is installed), :mod:`~ringtaw_buildkit.changes` (diff and
write), :mod:`~ringtaw_buildkit.packages` (into the Coordinator's manifest),
:mod:`~ringtaw_buildkit.process` (start a libOS), :mod:`~ringtaw_buildkit.tracing`.

Modules that start with an underscore are private.
"""
