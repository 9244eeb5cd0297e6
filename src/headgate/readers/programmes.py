"""Where programmes lie: a folder the user names, or one that comes with Headgate, by its name."""

from pathlib import Path

from headgate.core.faults import Fault, Faulty

_PACKAGE = Path(__file__).resolve().parents[1]
_HOMES = (_PACKAGE / "programmes", _PACKAGE.parents[1] / "programmes")


def find(name: str) -> Path:
    """The folder or file of a programme; raises Faulty, with the names there are, for none."""
    given = Path(name)
    if given.exists():
        return given
    for home in _HOMES:
        if "/" not in name and (home / name / "programme.yaml").is_file():
            return home / name
    what = f"There is no programme {name!r}."
    mend = f"Name a folder with a programme.yaml, or one of: {', '.join(names())}."
    raise Faulty([Fault(name, 0, 0, "programme-missing", what, mend)])


def names() -> list[str]:
    """The programmes that come with Headgate."""
    found = {path.parent.name for home in _HOMES for path in home.glob("*/programme.yaml")}
    return sorted(found)


def data_files(programme: Path) -> dict[str, bytes]:
    """A programme's data files (`data/*.yaml`), by path: what was published of its calls."""
    folder = programme if programme.is_dir() else programme.parent
    files = sorted((folder / "data").glob("*.yaml"))
    return {f"data/{path.name}": path.read_bytes() for path in files if not path.is_symlink()}
