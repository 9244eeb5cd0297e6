"""The seven steps as functions from a term and facts to the term after them.

`cycle.run` calls them one after another; a portal calls the same functions months apart, each in
one transaction. None of them reads a file, a clock or a cluster: facts are handed in.
"""
