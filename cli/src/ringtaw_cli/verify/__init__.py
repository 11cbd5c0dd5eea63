"""``ringtaw verify``: the whole chain from the hardware to a Marble, one line a check."""
