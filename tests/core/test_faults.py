"""A fault says where, what and how to mend it; a list of faults comes in order."""

from headgate.core.faults import Fault, Faulty

LATER = Fault("b.yaml", 2, 5, "share-wrong", "This is no share.", "Write 10 %.")
EARLIER = Fault("a.yaml", 0, 0, "file-missing", "There is no such file.", "Add it.")


def test_a_fault_reads_as_two_lines() -> None:
    """Who mends a file sees the place that editors jump to, the fault, its name and the mend."""
    expected = "b.yaml:2:5: This is no share. [share-wrong]\n    mend: Write 10 %."
    assert expected == str(LATER)


def test_a_fault_of_a_whole_file_has_no_line() -> None:
    """Where the file as a whole is at fault, no line is made up."""
    assert str(EARLIER).startswith("a.yaml: There is no such file.")


def test_all_faults_are_told_in_order() -> None:
    """The whole list is told at once, by file and line, whatever order it was found in."""
    error = Faulty([LATER, EARLIER])
    assert (EARLIER, LATER) == error.faults
    assert f"{EARLIER}\n{LATER}" == str(error)
