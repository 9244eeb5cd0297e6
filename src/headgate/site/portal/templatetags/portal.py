"""Filters of the portal's templates: how a field of a form is drawn."""

from typing import Final

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()

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
