"""What is told of the ledger to people and to their own programs: statements and exports.

`statement` reads pages and whole accounts, `tables` writes them as CSV and XLSX, `plaintext` as a
journal that `ledger` and `hledger` add up again.
"""
