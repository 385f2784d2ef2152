"""`{% load health_parts %}`: one sentence about health for pages that are about something else."""

from collections.abc import Sequence
from datetime import datetime

from django import template

from soc.health.state import arrival_trouble

register = template.Library()


@register.simple_tag
def health_trouble(team_ids: Sequence[int], now: datetime) -> str:
    """`{% health_trouble team_ids now as trouble %}`: "2 of 212 hosts have gone silent."; empty while all arrives."""
    return arrival_trouble(team_ids=team_ids, now=now)
