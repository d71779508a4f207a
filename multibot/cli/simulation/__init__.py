"""A day in the life of a fleet, on a clock that need not be waited for."""
