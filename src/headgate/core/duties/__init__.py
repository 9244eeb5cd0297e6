"""What is owed by a date: reports, and what is asked of a running award and answered.

Read `amendment` (what can be asked, and what keeps it from being granted), then `reports`.
"""
