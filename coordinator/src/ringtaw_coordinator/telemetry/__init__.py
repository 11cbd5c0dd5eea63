"""What the Coordinator tells about itself: metrics for Prometheus, and the latest activations.

Nothing here grows without bound, and nothing here is secret. See docs/metrics.md.
"""
