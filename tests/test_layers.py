"""Foreign keys point down, like imports do: cases > alerts > rules > events > accounts."""

import pytest
from django.apps import apps

ORDER = ["cases", "alerts", "rules", "events", "accounts"]


def _relations():
    for model in apps.get_models():
        if model._meta.app_label not in ORDER:
            continue
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and field.related_model is not None:
                yield model, field


@pytest.mark.parametrize(("model", "field"), _relations(), ids=lambda x: getattr(x, "__name__", None) or x.name)
def test_foreign_keys_point_down(model, field):
    target = field.related_model._meta.app_label
    if target in ORDER:
        here, there = ORDER.index(model._meta.app_label), ORDER.index(target)
        assert here <= there, f"{model.__name__}.{field.name} points up, at {target}"
    else:
        assert target in {"auth", "contenttypes"}


def test_no_foreign_key_points_at_events_rows():
    for model, field in _relations():
        assert field.related_model._meta.db_table not in {"event", "event_block"}, f"{model.__name__}.{field.name}"
