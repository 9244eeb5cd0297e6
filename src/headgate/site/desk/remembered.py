"""What was derived of all that people did, kept by a process until anything of it moves.

Whatever moves the journal makes an entry in it, and whatever people do leaves a `Deed`, written in
the same transaction. So what was derived for a newest entry, a newest deed and a day is what would
be derived again while the three are the same, and nothing has to be told of a change.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from threading import Lock
from typing import Any, Final, TypeVar

from headgate.site.desk.office import SITE, CallNow, call_now

T = TypeVar("T")

KEPT_MOST: Final = 4
"""What a process keeps: a list and three others to lay beside it, or those of four calls."""

_KEPT: Final[OrderedDict[Hashable, Any]] = OrderedDict()
_LOCK: Final = Lock()


def remembered(what: Hashable, rules: CallNow, now: datetime, derive: Callable[[CallNow], T]) -> T:
    """What `derive` says of a call, from what it reads at one moment; kept if it was known.

    What is refused or faulty is not kept.
    """
    key = _key(what, rules, now)
    with _LOCK:
        if key in _KEPT:
            _KEPT.move_to_end(key)
            return _KEPT[key]  # type: ignore[no-any-return]
    with SITE.reading():
        read = call_now(rules.id)
        made = derive(read)
    with _LOCK:
        _KEPT[_key(what, read, now)] = made
        while len(_KEPT) > KEPT_MOST:
            _KEPT.popitem(last=False)
    return made


def _key(what: Hashable, rules: CallNow, now: datetime) -> Hashable:
    return what, rules.day(now), rules.moved
