"""The conformance suite: does an adapter keep the contract, also under attack?

:func:`ringtaw_testkit.conformance.suite.check_adapter` runs it. Its parts:

* ``model``: cases and results; ``context``: what a case has at hand; ``probe``: hooks called in a
  process of their own, inside the runtime or outside, with everything they did on the side
* ``cases``: one module per subject
* ``expected``: the list of failures that are known; ``report``: the result as text and JSON
"""
