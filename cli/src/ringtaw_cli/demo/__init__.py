"""``ringtaw demo``: a deployment on this machine, from what is installed."""
