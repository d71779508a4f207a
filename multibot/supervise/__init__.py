"""supervisord: what it is told, and how it is asked."""
