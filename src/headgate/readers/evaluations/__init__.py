"""Logs of evaluation tools as evidence of a round: one small file for each format.

A log is recognised by what it holds and never by its name alone. Its items are known by a hash of
their content, never by their position; of their text nothing goes further than this folder.
"""
