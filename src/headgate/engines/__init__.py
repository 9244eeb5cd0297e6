"""The outside world behind one port: each engine is a cluster that holds quotas and meters use."""
