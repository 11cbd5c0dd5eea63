"""Measurements. Claims about performance come from here, not from timed tests."""
