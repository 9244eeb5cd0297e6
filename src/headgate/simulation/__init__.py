"""The simulated world: synthetic applicants, reviewers, jobs and evidence, and labelled so.

Each function is pure in (the policy's sections, published figures, a seed): no clock, no global
randomness, integers and texts only, so that the same seed gives the same bytes on every machine.
"""
