"""The command ``ringtaw``."""
