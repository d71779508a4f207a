"""The shared file as a whole: what an operator reads, brings in, takes out and keeps safe."""
