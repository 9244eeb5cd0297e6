"""The public bundle of a term: what a stranger needs to derive every decision again."""
