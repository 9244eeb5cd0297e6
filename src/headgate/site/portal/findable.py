"""A column in which words are looked for, written whenever its row is.

No database folds Vietnamese and Korean as the search does, and to fold every row at every look
costs more than all else of a page. So a row keeps the folded text of those of its fields that it is
found by, and a database looks for words as parts of it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice, product
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import F, Model, Q
from django.db.models.expressions import Combinable

from headgate.core.calls.matching import Words, findable

if TYPE_CHECKING:
    Text = models.TextField[str, str]
else:
    Text = models.TextField


_ROWS: Final = 500


class Findable(Text):
    """The folded text of other fields of its row; nobody writes it, and it is never asked for."""

    def __init__(self, *args: Any, of: Sequence[str] = (), **kwargs: Any) -> None:
        self.of = tuple(of)
        super().__init__(*args, **{**kwargs, "default": "", "editable": False})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """What a migration says of it."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: Model, add: bool) -> str:
        """Fold what the row says now, by whichever way it is written."""
        del add
        told = (getattr(model_instance, name) for name in self.of)
        found = findable(" ".join(str(one) for one in told if one))
        setattr(model_instance, self.attname, found)
        return found


Looked = str | Callable[[str], Q]
"""Where a word is looked for: a field, or whatever rows a database then lets through."""


def _holds(field: Looked, word: str) -> Q:
    if callable(field):
        return field(word)
    return Q(**{f"{field}__{'' if field.endswith('findable') else 'i'}contains": word})


def has_all(
    model: type[Model],
    words: Words,
    fields: Sequence[Looked],
    labels: Mapping[str, Mapping[Any, Any]],
    by: Mapping[str, Combinable],
) -> Q:
    """The rows that have every word in one of the fields, or in what a value of theirs is called.

    A field that is not folded is compared in either case. `labels` has the word for each value of a
    field that is shown by one; what is no field of the model is in `by`.
    """
    found = Q()
    for word in words:
        one = Q(pk__in=())
        for where in fields:
            one |= _holds(where, word)
        for field, named in labels.items():
            called = [v for v, told in named.items() if word in findable(f"{v} {told}")]
            if called:
                told = model._default_manager.alias(its_value=by.get(field, F(field)))
                rows = told.filter(its_value__in=called)
                one |= Q(pk__in=rows.values("pk"))
        found &= one
    return found


def filling(app: str, *models: str) -> Callable[[Any, Any], None]:
    """What folds the rows that were written before they had the column: for a migration."""

    def filled(apps: Any, editor: Any) -> None:
        for model in models:
            _fill(apps.get_model(app, model)._base_manager.using(editor.connection.alias).all())

    return filled


def _fill(rows: "models.QuerySet[Any]") -> None:
    columns = [one for one in rows.model._meta.concrete_fields if isinstance(one, Findable)]
    read = rows.only("pk", *chain(*(one.of for one in columns))).iterator(chunk_size=_ROWS)
    while some := list(islice(read, _ROWS)):
        for row, column in product(some, columns):
            column.pre_save(row, False)
        rows.model._base_manager.using(rows.db).bulk_update(some, [one.name for one in columns])
