"""The tables of the agents, step by step."""
