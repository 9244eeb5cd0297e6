"""The one ledger and the one journal; it has never heard of a GPU.

Read in this order: `chart` (which accounts there may be), `transfer` (one movement and every way it
can be refused), `post` (all the rules on one page), `entry` (the exact bytes of a journal line),
`tree` (RFC 6962 proofs over those bytes), `checkpoint` (the signed head that leaves the house).
What the journal shows is that history was not rewritten after a checkpoint left the house. It does
not show that what was entered was true, nor anything that happened between two checkpoints.
"""
