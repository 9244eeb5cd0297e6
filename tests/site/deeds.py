"""What a forger does to a kept programme whose guards he has taken away, and what gives him away.

Each deed says which entry it is the first to falsify; none where no entry can be told.
"""

from collections.abc import Callable

from headgate.site.verifying.findings import Wrong
from tests.site.forging import Hand

TAB = "\t"
Deed = Callable[[Hand], int | None]


def middle(hand: Hand) -> int:
    """A transfer in the middle that is not small."""
    found: int = hand.one(
        "SELECT seq FROM entry WHERE kind = 'transfer' AND amount > 1000 ORDER BY seq"
        " LIMIT 1 OFFSET 300"
    )
    return found


def changed_line(hand: Hand) -> int:
    """Another amount in a line, and nowhere else."""
    n = middle(hand)
    (amount, unit) = hand.rows(f"SELECT amount, unit FROM entry WHERE seq = {n}")[0]
    old, new = f"{TAB}{amount}{TAB}{unit}", f"{TAB}7{TAB}{unit}"
    hand.do(f"UPDATE entry SET line = replace(line, '{old}', '{new}') WHERE seq = {n}")
    return n


def changed_column(hand: Hand) -> int:
    """Another amount in the column, and nowhere else."""
    n = middle(hand)
    hand.do(f"UPDATE entry SET amount = 7 WHERE seq = {n}")
    return n


def changed_amount(hand: Hand) -> int:
    """Another amount in line, column and legs; the legs after them stay as they were."""
    n = changed_line(hand)
    hand.do(f"UPDATE entry SET amount = 7, posted = 7 WHERE seq = {n}")
    hand.do(
        "UPDATE leg SET posted = 7, debits_posted = debits_posted - posted + 7"
        f" WHERE half = {2 * n}"
    )
    hand.do(
        "UPDATE leg SET posted = 7, credits_posted = credits_posted - posted + 7"
        f" WHERE half = {2 * n + 1}"
    )
    return n


def changed_reason(hand: Hand) -> int:
    """Another reason for a transfer, in line and column: no balance is touched."""
    n = middle(hand)
    why = hand.one(f"SELECT why FROM entry WHERE seq = {n}")
    hand.do(
        f"UPDATE entry SET why = 'x', line = replace(line, '{TAB}{why}', '{TAB}x') WHERE seq = {n}"
    )
    return n


def changed_digest(hand: Hand) -> int:
    """Another digest in the line of a decision."""
    n: int = hand.one(
        "SELECT seq FROM entry WHERE kind = 'decision-made' ORDER BY seq LIMIT 1 OFFSET 40"
    )
    line = hand.one(f"SELECT line FROM entry WHERE seq = {n}")
    hand.do(f"UPDATE entry SET line = '{line[:-4]}beef' WHERE seq = {n}")
    return n


def unreadable_line(hand: Hand) -> int:
    """A line that is no entry at all."""
    n = middle(hand)
    hand.do(f"UPDATE entry SET line = 'nothing' WHERE seq = {n}")
    return n


def changed_balance(hand: Hand) -> int:
    """More on an account than was ever put there."""
    half: int = hand.one("SELECT max(half) FROM leg WHERE account LIKE '%/award/%'")
    hand.do(f"UPDATE leg SET credits_posted = credits_posted + 1000000 WHERE half = {half}")
    return half // 2


def changed_limit(hand: Hand) -> int:
    """An award without a limit."""
    half: int = hand.one("SELECT min(half) FROM leg WHERE bound = 'debits' AND was_half IS NULL")
    hand.do("UPDATE leg SET bound = 'none' WHERE bound = 'debits'")
    return half // 2


def extra_leg(hand: Hand) -> int:
    """A leg at the end that no entry has."""
    n: int = hand.one("SELECT max(seq) FROM entry") + 1
    hand.do(
        f"INSERT INTO leg SELECT {2 * n}, {n}, 'debit', 'x', unit, 'none', 5, 0, NULL, 0, 0, 0, 0,"
        " 5, 0, 0, 0 FROM leg WHERE half = (SELECT min(half) FROM leg)"
    )
    return n


def missing_leg(hand: Hand) -> int:
    """One side of a transfer gone."""
    n = middle(hand)
    hand.do(f"DELETE FROM leg WHERE half = {2 * n + 1}")
    return n


def missing_entry(hand: Hand) -> int:
    """One entry gone from the middle, with its legs."""
    n = middle(hand)
    hand.do(f"DELETE FROM leg WHERE seq = {n}")
    hand.do(f"DELETE FROM entry WHERE seq = {n}")
    return n


def removed_tail(hand: Hand) -> int:
    """The newest entries gone with all that belongs to them, from the middle of an event on."""
    last: int = hand.one("SELECT max(seq) FROM kept WHERE kind = 'event' AND seq < 600")
    n = last + 3
    hand.do(f"DELETE FROM kept WHERE seq >= {n}")
    hand.do(f"DELETE FROM leg WHERE seq >= {n}")
    hand.do(f"DELETE FROM entry WHERE seq >= {n}")
    return last + 1


def cut_journal(hand: Hand) -> int:
    """The newest entries gone, and what is kept left as it was."""
    n = middle(hand)
    hand.do(f"DELETE FROM leg WHERE seq >= {n}")
    hand.do(f"DELETE FROM entry WHERE seq >= {n}")
    return n


def fact(hand: Hand, name: str) -> int:
    """The number of the entry by which facts were received."""
    found: int = hand.one(f"SELECT seq FROM kept WHERE kind = 'fact' AND key = '{name}'")
    return found


def changed_fact(hand: Hand) -> int:
    """Another mark by a reviewer."""
    hand.do(
        "UPDATE kept SET data = replace(data, '\"points\":', '\"points\":1')"
        " WHERE kind = 'fact' AND key = 'marks/open'"
    )
    return fact(hand, "marks/open")


def reformed_fact(hand: Hand) -> int:
    """The same facts in another form: the digest in the journal is no longer theirs."""
    hand.do(
        "UPDATE kept SET data = replace(data, '\"points\":', '\"points\": ')"
        " WHERE kind = 'fact' AND key = 'marks/open'"
    )
    return fact(hand, "marks/open")


def removed_fact(hand: Hand) -> int:
    """A fact gone."""
    n = fact(hand, "marks/open")
    hand.do("DELETE FROM kept WHERE kind = 'fact' AND key = 'marks/open'")
    return n


def changed_decision(hand: Hand) -> int:
    """A fee halved in the decision that is shown."""
    (n, data) = hand.rows(
        "SELECT seq, data FROM kept WHERE kind = 'decision' AND data LIKE '%fee%'"
    )[0]
    forged = data.replace("fee", "fea")
    hand.do(f"UPDATE kept SET data = '{forged}' WHERE kind = 'decision' AND seq = {n}")
    number: int = n
    return number


def removed_decision(hand: Hand) -> int:
    """A decision gone."""
    n: int = hand.one("SELECT max(seq) FROM kept WHERE kind = 'decision'")
    hand.do(f"DELETE FROM kept WHERE kind = 'decision' AND seq = {n}")
    return n


def changed_holding(hand: Hand) -> int:
    """One block more in what an award holds now."""
    (n, data) = hand.rows("SELECT seq, data FROM kept WHERE kind = 'holdings' ORDER BY seq DESC")[0]
    assert '"blocks":' in data
    forged = data.replace('"blocks":', '"blocks":1', 1)
    hand.do(f"UPDATE kept SET data = '{forged}' WHERE kind = 'holdings' AND seq = {n}")
    number: int = n
    return number


def changed_known(hand: Hand) -> int:
    """Another record of a job that the meters know."""
    (n, key, data) = hand.rows("SELECT seq, key, data FROM kept WHERE kind = 'known' ORDER BY seq")[
        0
    ]
    forged = data.replace('"gpus":1', '"gpus":2', 1)
    assert forged != data
    hand.do(
        f"UPDATE kept SET data = '{forged}' WHERE kind = 'known' AND key = '{key}' AND seq = {n}"
    )
    number: int = n
    return number


def changed_standing(hand: Hand) -> int:
    """A term that ends on another day, as of an event that is long past."""
    n: int = hand.one("SELECT min(seq) FROM kept WHERE kind = 'term'")
    hand.do(
        "UPDATE kept SET data = replace(data, '\"index\":0', '\"index\":3')"
        f" WHERE kind = 'term' AND seq = {n}"
    )
    return n


def made_up_row(hand: Hand) -> int:
    """Something kept that no event left there, under the last entry."""
    n: int = hand.one("SELECT max(seq) FROM entry")
    hand.do(f"INSERT INTO kept (kind, key, seq, data) VALUES ('known', 'north{TAB}1', {n}, '[]')")
    return n


def changed_policy(hand: Hand) -> int:
    """A policy that is another one in a comment only."""
    hand.do(
        "UPDATE kept SET data = data || '# forged' WHERE kind = 'policy' AND key = 'programme.yaml'"
    )
    return 0


def broken_policy(hand: Hand) -> int:
    """A policy that nobody can read."""
    hand.do("UPDATE kept SET data = '[' WHERE kind = 'policy' AND key = 'programme.yaml'")
    return 0


def removed_policy(hand: Hand) -> int:
    """No policy at all: a programme that would pass for a ledger without one."""
    hand.do("DELETE FROM kept WHERE kind = 'policy'")
    return 0


def removed_event(hand: Hand) -> None:
    """The list of what happened without a reclaim."""
    hand.do("DELETE FROM kept WHERE kind = 'event' AND data LIKE '%reclaim%'")


def told_twice(hand: Hand) -> int:
    """A transfer told twice: the line of the next entry is the same."""
    n = middle(hand)
    line = hand.one(f"SELECT line FROM entry WHERE seq = {n}")
    hand.do(f"UPDATE entry SET line = '{line}' WHERE seq = {n + 1}")
    return n + 1


DEEDS: list[tuple[Deed, Wrong]] = [
    (changed_line, Wrong.ENTRY_DIFFERS),
    (changed_column, Wrong.ENTRY_DIFFERS),
    (changed_amount, Wrong.LEG_DIFFERS),
    (changed_reason, Wrong.ENTRY_DERIVED),
    (changed_digest, Wrong.ENTRY_DERIVED),
    (unreadable_line, Wrong.ENTRY_UNREADABLE),
    (changed_balance, Wrong.LEG_DIFFERS),
    (changed_limit, Wrong.LEG_DIFFERS),
    (extra_leg, Wrong.LEG_DIFFERS),
    (missing_leg, Wrong.LEG_DIFFERS),
    (missing_entry, Wrong.ENTRY_MISSING),
    (removed_tail, Wrong.ENTRY_DERIVED),
    (cut_journal, Wrong.ENTRY_MISSING),
    (changed_fact, Wrong.KEPT_DIFFERS),
    (reformed_fact, Wrong.KEPT_DIFFERS),
    (removed_fact, Wrong.KEPT_DIFFERS),
    (changed_decision, Wrong.KEPT_DIFFERS),
    (removed_decision, Wrong.KEPT_DIFFERS),
    (changed_holding, Wrong.KEPT_DIFFERS),
    (changed_known, Wrong.KEPT_DIFFERS),
    (changed_standing, Wrong.KEPT_DIFFERS),
    (made_up_row, Wrong.KEPT_DIFFERS),
    (changed_policy, Wrong.ENTRY_DERIVED),
    (broken_policy, Wrong.PROGRAMME_UNREADABLE),
    (removed_policy, Wrong.PROGRAMME_UNREADABLE),
    (removed_event, Wrong.EVENTS_DIFFER),
    (told_twice, Wrong.ENTRY_REFUSED),
]
