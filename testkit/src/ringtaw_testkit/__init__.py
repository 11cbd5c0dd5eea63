"""The plugin kit: everything to write and test an adapter. It never goes into an enclave image.

* :mod:`ringtaw_testkit.simulator`: a Coordinator that does what a test says, attacks included
* :mod:`ringtaw_testkit.platform`: a make-believe platform on a software TEE, with real evidence
* :mod:`ringtaw_testkit.premain`: the whole premain as a process, with an adapter of one's own
* :mod:`ringtaw_testkit.leaks`: fails a test whose code leaves something behind or tells a secret
* :mod:`ringtaw_testkit.harness`: how the conformance suite gets into an adapter's runtime
* :mod:`ringtaw_testkit.conformance`: the suite behind ``ringtaw adapter check``
* :mod:`ringtaw_testkit.scaffold`: the package that ``ringtaw adapter new`` makes
* :mod:`ringtaw_testkit.pytest_plugin`: fixtures, found by pytest by themselves
"""
