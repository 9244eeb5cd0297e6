"""The report of a term: one self-contained page in each language, made from the term alone.

Read in this order: `summary` (what the page says, as values), `words` (how each language says it),
`charts` (values to SVG), `drawings` (which chart shows what), `pages` (the pages as bytes).
"""
