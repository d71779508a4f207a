"""Discord on loopback, for demos and tests."""
