"""Old copies of what was said, read into values: no database, and nothing is ever written."""
