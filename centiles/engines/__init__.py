"""Ways to run a check: in memory, on disk, on a cluster; the results are the same."""
