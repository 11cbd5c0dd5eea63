"""What the Coordinator keeps, and how it is kept durably and sealed.

* :mod:`.model`: the state of a deployment; :mod:`.codec`: as bytes
* :mod:`.vault`: the state under a key, in a store; what the core works with
* :mod:`.sealed_data`, :mod:`.sealed_key`: the two parts of a sealed state
* :mod:`.store`: what a store has to do; :mod:`.files`: the store in a directory
* :mod:`.recovery`, :mod:`.shamir`: the key in the hands of the recovery keys' owners
"""
