"""Another's eyes on a print: what pdfua, which reads it with pikepdf, finds against PDF/UA-1."""

import tempfile
from pathlib import Path

from pdfua import validate


def findings(data: bytes) -> list[str]:
    """Every finding on a print, by rule and place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "print.pdf"
        path.write_bytes(data)
        return [
            f"{one.rule_id} {one.location}: {one.message}" for one in validate(str(path)).findings
        ]
