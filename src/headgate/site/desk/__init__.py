"""The desk: the people of a programme, and their working records before the journal has them.

What lies here may be corrected and erased, because it says who people are. What the cycle uses of
it is received into the journal by `world.Desk`, under pseudonyms; from then on the journal holds.
"""
