"""Filters of the portal's templates: how a field is drawn, and a table under its chart."""

from collections.abc import Iterable, Iterator
from typing import Final

from allauth.account.utils import get_next_redirect_url
from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

from headgate.report.blocks import Block, Drawing, Table
from headgate.site.portal import browsers, typed, words

register = template.Library()
register.filter("browser", browsers.told)
register.filter("day", words.day, expects_localtime=True)
register.filter("entry_kind", words.entry_kind)
register.filter("instant", words.instant)
register.filter("moment", words.moment, expects_localtime=True)
register.filter("whole", words.whole)

register.simple_tag(typed.again, name="typed", takes_context=True)


@register.simple_tag(takes_context=True)
def onward(context: template.Context) -> str:
    """The page of this site that somebody was on the way to; an address elsewhere is left out."""
    return get_next_redirect_url(context["request"]) or ""


CLASSES: Final = {
    "checkbox": "govuk-checkboxes__input",
    "select": "govuk-select",
    "textarea": "govuk-textarea",
    "clearablefile": "govuk-file-upload",
    "file": "govuk-file-upload",
}


@register.filter
def drawn(field: BoundField) -> SafeString:
    """A field's widget with the class of its kind; no placeholder stands in for a label."""
    name = CLASSES.get(field.widget_type, "govuk-input")
    error = f" {name}--error" if field.errors and field.widget_type != "checkbox" else ""
    field.field.widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs={"class": f"{name}{error}"})


@register.filter
def after_chart(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    """Each block, and whether it is a table whose caption the chart before it has said already."""
    title = None
    for block in blocks:
        yield block, isinstance(block, Table) and block.caption == title
        title = block.title if isinstance(block, Drawing) else None
