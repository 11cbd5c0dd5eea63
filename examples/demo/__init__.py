"""A Coordinator and two Marbles on one machine, step by step: ``./run demo``."""
