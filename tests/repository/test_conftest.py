"""What the suite does not look at on this machine, it names."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty repository with our conftest, whose suite `tests/browser` needs `no-such-font`."""
    folder = pytester.mkdir("tests")
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "system-packages.txt").write_text("# why\nno-such-font tests/browser  # drawn\n")
    (folder / "browser").mkdir()
    (folder / "browser" / "test_page.py").write_text("def test_page(): assert False\n")
    monkeypatch.delenv("HEADGATE_SHARED", raising=False)
    return pytester


def test_suite_without_its_package_is_skipped_by_name(suite: pytest.Pytester) -> None:
    """A missing Debian package skips its suite and no other, and the run says which and why."""
    (suite.path / "tests" / "test_other.py").write_text("def test_other(): pass\n")
    result = suite.runpytest_subprocess("-rs", "--rootdir", suite.path)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*tests/browser needs the Debian packages no-such-font*"])


def test_test_without_shared_data_is_skipped_by_name(suite: pytest.Pytester) -> None:
    """Without the shared data a test that needs it is skipped, naming where it looked."""
    (suite.path / "tests" / "test_data.py").write_text("def test_data(shared_data): assert False\n")
    result = suite.runpytest_subprocess("-rs", "--rootdir", suite.path, "tests/test_data.py")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"*no shared data at {suite.path.parent / 'shared'}*"])


def test_shared_data_is_where_the_environment_says(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HEADGATE_SHARED names the folder of the shared data wherever it lies."""
    folder = suite.mkdir("elsewhere")
    monkeypatch.setenv("HEADGATE_SHARED", str(folder))
    (suite.path / "tests" / "test_data.py").write_text(
        f"def test_data(shared_data): assert str(shared_data) == {str(folder)!r}\n"
    )
    result = suite.runpytest_subprocess("--rootdir", suite.path, "tests/test_data.py")
    result.assert_outcomes(passed=1)


def test_test_without_postgresql_is_skipped_by_name(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no server is installed, a test of any suite that needs one is skipped and says so."""
    (suite.path / "tests" / "test_kept.py").write_text(
        "from pathlib import Path\n"
        "from tests.servers import postgres\n"
        "postgres.DEBIAN_PROGRAMS = Path('nowhere')\n"
        "def test_fast(postgres): assert False\n"
        "def test_durable(postgres_durable): assert False\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(CONFTEST.parents[1]))
    monkeypatch.setenv("PATH", "")
    result = suite.runpytest_subprocess("-rs", "--rootdir", suite.path, "tests/test_kept.py")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*no PostgreSQL server here: run `make setup` as root*"])
