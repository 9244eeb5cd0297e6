"""Slurm as an engine: awards become accounts, budgets and associations through sacctmgr alone."""
