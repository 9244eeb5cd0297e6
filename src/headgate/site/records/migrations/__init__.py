"""The one chain of migrations."""
