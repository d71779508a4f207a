"""Everything multibot knows about supervisord: what it runs, how it is asked, what its answers mean."""
