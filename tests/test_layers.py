"""Foreign keys point down, like imports do: cases > alerts > rules > events > accounts."""

import pytest
from django.apps import apps

ORDER = ["cases", "alerts", "rules", "events", "accounts"]


def _relations():
    ours = [model for model in apps.get_models() if model._meta.app_label in ORDER]
    fields = [(model, field) for model in ours for field in model._meta.get_fields()]
    return [(m, f) for m, f in fields if f.is_relation and not f.auto_created and f.related_model is not None]


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
