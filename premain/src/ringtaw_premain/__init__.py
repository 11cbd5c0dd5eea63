"""The premain: what runs inside an enclave before the application.

Public: :mod:`ringtaw_premain.hookspecs` (the contract for adapters), :mod:`ringtaw_premain.errors`
and :mod:`ringtaw_premain.plugins` (the host). Modules that start with an underscore are private.

Everything here is loaded at every start, inside the enclave, so what is loaded is chosen with care:
values are named tuples, for example, since defining a frozen dataclass takes half a millisecond.
"""

__version__ = "0.1.0"
