"""How forms are drawn: with the service's own field, error and hint, on every page alike."""

from django.forms.renderers import DjangoTemplates


class Renderer(DjangoTemplates):
    """Django's renderer with the portal's template of a field."""

    form_template_name = "portal/form.html"
    field_template_name = "portal/field.html"
