"""The journal outside the database: static files, the keys that sign, and those who watch.

`keys` holds the service's secrets, `handover` says how one pair of keys makes way for the next,
`folder` publishes tiles and checkpoint, `fetch` reads them from anywhere, `witness` is what a body
outside the house runs. `points` names the moments at which a test may kill any of it.
"""
