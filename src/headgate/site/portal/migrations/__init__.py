"""The tables of the portal's people."""
