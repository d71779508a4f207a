"""The shared file: the only package that knows SQLite."""
