"""Compile the site's catalogues: each `django.po` into the `django.mo` that is read.

Both are in the repository, so that nobody needs gettext's tools to run the portal; a test fails
where they say different things. For developers: `.venv/bin/python scripts/catalogues.py`.
"""

from pathlib import Path

import polib

SITE = Path(__file__).parent.parent / "src" / "headgate" / "site"


def main() -> None:
    """Compile every catalogue."""
    for source in sorted(SITE.glob("*/locale/*/LC_MESSAGES/*.po")):
        catalogue = polib.pofile(str(source))
        catalogue.save_as_mofile(str(source.with_suffix(".mo")))


if __name__ == "__main__":
    main()
