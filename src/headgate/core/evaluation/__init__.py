"""Step 6: evidence in, standings with honest uncertainty and a decision with its reasons out.

Read in this order: `method` (what was agreed before the round), `evidence` (what was handed in and
what is wrong with it), `pillars` (evidence to shares of full marks), `resampling` (the joint draw),
`estimate` (standings), `decide` (who goes on). `harshness` serves any panel of raters.
"""
