"""What is kept: the journal with its ledger, the values of the programme, the signed checkpoints.

Read in this order: `guards/schema.sql` (the rules of posting said a second time, as constraints),
`guards/sqlite.sql` and `guards/postgresql.sql` (nothing is ever changed), `database` (one writer at
a time, whichever database it is), `books` (the pure ledger's books, read only where they are looked
into), `journal` (appending entries, the one way in which anything is written), `kept` (a term read
and written).
"""
