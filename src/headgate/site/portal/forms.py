"""How forms are drawn: with the service's own field, error and hint, on every page alike."""

import re

from django.forms import IntegerField
from django.forms.renderers import DjangoTemplates


class Renderer(DjangoTemplates):
    """Django's renderer with the portal's template of a field."""

    form_template_name = "portal/form.html"
    field_template_name = "portal/field.html"


class WholeField(IntegerField):
    """A whole number; `1.000`, which is one to some readers and a thousand to others, is none."""

    re_decimal = re.compile(r"(?!)")
