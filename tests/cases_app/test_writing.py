"""What people write on a case is kept, whoever writes at the same time."""

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, Notice
from cases.closing import close
from cases.errors import CaseClosed, CaseNotFound, FieldRefused
from cases.models import Case, Entry
from cases.writing import write
from tests.cases_app.test_joining import _in_threads
from tests.cases_app.world import by, opened


def _write(case, person, text, **given):
    return write(case_id=case.pk, text=text, **by(person), **given)


def test_a_comment_is_kept_and_changes_no_version(people):
    case = opened(people)
    entry = _write(case, people.rosa, "  The upload came at 20:58.\r\n\x00Look. ")
    assert (entry.text, entry.kind, entry.author) == ("The upload came at 20:58.\nLook.", "comment", people.rosa)
    assert Case.objects.get().version == 1
    assert Change.objects.get(verb="wrote").after == {"entry": entry.pk, "kind": "comment"}


def test_those_who_are_called_by_name_are_told_once_and_only_those_who_see_the_case(people):
    case = opened(people)
    _write(case, people.ana, "@rosa and @Mona, ask @otto; @rosa? I, @ana, wait.", kind="note")
    told = Notice.objects.filter(kind="mentioned")
    assert {notice.user for notice in told} == {people.rosa, people.mona}
    assert {notice.path for notice in told} == {f"/cases/{case.pk}/"}


def test_empty_endless_and_unknown_texts_are_refused(people):
    case = opened(people)
    for text, kind, field in ((" \n ", "note", "text"), ("x" * 20_001, "note", "text"), ("x", "shout", "kind")):
        with pytest.raises(FieldRefused) as refused:
            _write(case, people.ana, text, kind=kind)
        assert refused.value.field == field


def test_nobody_writes_on_closed_cases_on_others_or_as_a_viewer(people):
    case = opened(people)
    with pytest.raises(CaseNotFound):
        _write(case, people.otto, "x")
    with pytest.raises(NotAllowed):
        _write(case, people.vera, "x")
    close(case_id=case.pk, version=1, outcome="duplicate", **by(people.ana))
    with pytest.raises(CaseClosed):
        _write(case, people.ana, "x")


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_write_at_once_both_are_kept(people):
    case = opened(people)
    _in_threads(lambda: _write(case, people.ana, "one"), lambda: _write(case, people.rosa, "two"))
    assert set(Entry.objects.values_list("text", flat=True)) == {"one", "two"}
