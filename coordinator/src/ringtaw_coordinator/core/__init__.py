"""The Coordinator itself: a state machine, and the life of a Marble.

* :mod:`.api`: what the servers see
* :mod:`.coordinator`: states, and the changes from one to the next
* :mod:`.activation`: from a Marble's request to its parameters, in a straight line
* :mod:`.serving`: all that is computed once for a manifest
"""
