"""A programme's data files are refused by name before anything is run, never with a traceback."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.bundle.verify import verify
from headgate.bundle.write import bundle_files
from headgate.cli import app
from headgate.report.pages import pages
from tests.whole.small import PROGRAMME, signers, small


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[" * 100_000, "[yaml-too-deep]"),
        (b"a: \xff", "[file-not-utf-8]"),
        (b"a: [", "[yaml-syntax]"),
        (b"a: 1\na: 2\n", "[yaml-duplicate-key]"),
    ],
)
def test_a_data_file_that_cannot_be_read_is_refused_by_name(
    data: bytes, said: str, tmp_path: Path
) -> None:
    """Whatever is wrong with a file beside the policy, the demo names it and writes nothing."""
    folder, out = tmp_path / "programme", tmp_path / "out"
    shutil.copytree(PROGRAMME, folder)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "extra.yaml").write_bytes(data)
    result = CliRunner().invoke(app, ["demo", "--programme", str(folder), "--out", str(out)])
    assert 2 == result.exit_code
    assert "data/extra.yaml" in result.output
    assert said in result.output
    assert not out.exists()


def test_a_bundle_with_such_a_file_is_still_derived_again() -> None:
    """Who publishes a file that no reader can read has published it: verify answers, in words."""
    term = small().term
    data = {"data/x.yaml": b"[" * 100_000}
    assert () == verify(bundle_files(term, data, pages(term, data), signers()), pages).faults
