"""Figures side by side: what differs is seen at once, and no figure runs into the next."""

from headgate.beside import side_by_side

MILLIARDS = 71_115_407_104


def test_what_differs_comes_first_and_who_has_the_same_shares_a_line() -> None:
    """With the difference from the first variant, and with lowest and highest beside the figure."""
    first, other = (MILLIARDS, MILLIARDS - 5, MILLIARDS), (MILLIARDS + 7,) * 3
    told = side_by_side({
        "now": {"jobs": (3, 3, 3), "worth": first},
        "a": {"jobs": (3, 3, 3), "worth": other},
        "b": {"jobs": (3, 3, 3), "worth": first},
    })  # fmt: skip
    assert [
        ["worth"],
        ["71,115,407,104", "71,115,407,099", "to", "71,115,407,104", "now;", "b"],
        ["71,115,407,111", "+7", "a"],
        [],
        ["The", "same", "under", "each", "(now;", "a;", "b):"],
        ["jobs", "3"],
    ] == [line.split() for line in told]


def test_a_figure_that_not_all_have_names_who_has_it() -> None:
    """Nobody takes what one variant alone was asked for what holds of all."""
    told = list(side_by_side({"now": {}, "a": {"stops": (0, 0, 0)}, "b": {"stops": (0, 0, 0)}}))
    assert ["stops", "0", "a;", "b"] == told[-1].split()


def test_one_variant_alone_is_a_plain_table() -> None:
    """There is nothing to compare it with, and no word of it."""
    assert ["jobs  3,000"] == [
        " ".join(line.split()).replace(" ", "  ")
        for line in side_by_side({"now": {"jobs": (3000,) * 3}})
    ]
