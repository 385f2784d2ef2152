"""A duplicate and its original lead to each other; which alert it is, is chosen from a list."""

import re

from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World

OF_SEVERAL = reverse("alerts:originals_of_several")


def test_both_pages_link_to_the_other(ana: Client, world: World) -> None:
    one, two, original = world.send([world.perl(number) for number in (1, 2, 3)])
    for alert in (one, two):
        said = {"status": "closed", "reason": "duplicate", "of": f"AL-{original.pk}", "version": alert.version}
        assert ana.post(reverse("alerts:set_status", args=[alert.pk]), said).status_code == 303
    page = ana.get(reverse("alerts:detail", args=[one.pk])).content.decode()
    assert f'Duplicate of <a class="link mono" href="/alerts/{original.pk}/">AL-{original.pk}</a>' in page
    page = ana.get(reverse("alerts:detail", args=[original.pk])).content.decode()
    assert "2 duplicates:" in page
    assert f'href="/alerts/{two.pk}/">AL-{two.pk}</a>' in page


def test_one_that_names_itself_is_refused_where_it_was_said(ana: Client, world: World) -> None:
    [one] = world.send([world.perl(1)])
    said = {"status": "closed", "reason": "duplicate", "of": str(one.pk), "version": one.version}
    answer = ana.post(reverse("alerts:set_status", args=[one.pk]), said)
    assert answer.status_code == 422
    assert "An alert cannot be a duplicate of itself." in answer.content.decode()
    assert Alert.objects.get(pk=one.pk).status == "open"


def offered(client: Client, **ticked: list[str]) -> list[int]:
    """The originals to choose from for what is ticked; the last choice names none."""
    answer = client.get(OF_SEVERAL, ticked, headers=HTMX).content.decode()
    *numbers, none = re.findall(r'name="of" value="([0-9]*)"', answer)
    assert none == ""
    return [int(number) for number in numbers]


def test_of_several_that_are_ticked_each_may_be_the_original_and_what_the_first_is_like(
    ana: Client, world: World
) -> None:
    near = world.send([world.perl(number, host__name="near") for number in (1, 2, 3)])
    [far] = world.send([world.perl(9, host__name="far")])
    numbers = sorted((one.pk for one in near), reverse=True)
    assert offered(ana, alert=[str(numbers[0])]) == numbers[1:]
    assert offered(ana, alert=[str(far.pk), str(numbers[0])]) == [far.pk, numbers[0]]
    assert offered(ana, alert=[str(numbers[2]), str(far.pk)]) == [numbers[2], far.pk, *numbers[:2]]
    fold = bytes(near[0].fold or b"").hex()
    assert offered(ana, fold=[fold]) == numbers
    assert offered(ana, fold=[fold], alert=[str(far.pk)]) == [far.pk, numbers[0]]
    many = [str(one.pk) for one in world.send([world.perl(20 + n, host__name=f"many-{n}") for n in range(9)])]
    assert offered(ana, alert=many) == [int(number) for number in many[:4]]


def test_nothing_of_another_team_is_offered_nor_what_cannot_be_read(sign_in: SignIn, world: World) -> None:
    [one] = world.send([world.perl(1)])
    fold = bytes(one.fold or b"").hex()
    assert offered(sign_in("otto"), alert=[str(one.pk)], fold=[fold]) == []
    assert offered(sign_in("ana"), alert=["9" * 40, "x"], fold=["zz"]) == []


def test_without_scripts_the_list_of_originals_leads_to_the_queue_where_a_number_is_typed(ana: Client) -> None:
    assert ana.get(OF_SEVERAL, {"alert": "1"}).headers["Location"] == reverse("alerts:queue")


def test_an_original_may_be_closed_and_the_newest_that_say_the_same_come_first(ana: Client, world: World) -> None:
    another = world.perl(9, host__name="db-1", process__command_line="perl -e 'exec \"/bin/bash\";'")
    alert, *same, other = world.send([*(world.perl(number, host__name="db-1") for number in (1, 2, 3, 4)), another])
    judged = {"status": "closed", "reason": "true_positive", "closed_at": world.now}
    Alert.objects.filter(pk__in=[one.pk for one in same[:2]]).update(**judged)
    answer = ana.get(reverse("alerts:originals", args=[alert.pk]), headers=HTMX).content.decode()
    numbers = [int(number) for number in re.findall(r'name="of" value="([0-9]+)"', answer)]
    assert numbers == [*sorted((one.pk for one in same), reverse=True), other.pk]
