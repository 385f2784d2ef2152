"""Form controls as Django draws them, without a template for each option: a list draws its filters with every page."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.safestring import SafeString

from soc.web.markup import format_html, format_html_join, joined

_INPUTS = (forms.TextInput, forms.HiddenInput)


def control(field: forms.BoundField, attributes: Mapping[str, str | bool]) -> SafeString:
    """The field's control: a select or an input of one line as markup, any other as Django draws it."""
    widget, given = field.field.widget, dict(attributes)
    if type(widget) is forms.Select:
        return _select(field, _attributes(field, given))
    if type(widget) in _INPUTS:
        return _input(field, _attributes(field, given))
    return field.as_widget(attrs=given)


def _attributes(field: forms.BoundField, given: dict[str, str | bool]) -> SafeString:
    widget = field.field.widget
    named = {"id": field.auto_id} if field.auto_id and "id" not in widget.attrs else {}
    told = widget.attrs | named | field.build_widget_attrs(dict(given), widget)
    drawn = (
        format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value)
        for name, value in told.items()
        if value is not None and value is not False
    )
    return joined(drawn)


def _input(field: forms.BoundField, attributes: SafeString) -> SafeString:
    widget = field.field.widget
    value = widget.format_value(field.value())
    told = format_html(' value="{}"', value) if value is not None else ""
    return format_html('<input type="{}" name="{}"{}{}>', widget.input_type, field.html_name, told, attributes)


def _select(field: forms.BoundField, attributes: SafeString) -> SafeString:
    chosen: Any = field.value()
    value = "" if chosen is None else str(chosen)
    choices: Iterable[tuple[Any, Any]] = field.field.choices  # type: ignore[attr-defined]
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            ("" if one is None else one, SafeString(" selected") if str(one) == value else "", label)
            for one, label in choices
        ),
    )
    return format_html('<select name="{}"{}>{}</select>', field.html_name, attributes, options)
