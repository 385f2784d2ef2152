"""What a process remembers: for its seconds, and no more than so much of it."""

from soc.web.remembered import Remembered


def test_an_answer_is_kept_for_its_seconds() -> None:
    known = Remembered[int](60.0, 2)
    assert known.get("a") is None
    assert known.put("a", 1) == 1
    assert known.get("a") == 1
    known.seconds = -1.0
    assert known.get("a") is None


def test_the_oldest_is_forgotten_for_the_newest() -> None:
    known = Remembered[int](60.0, 2)
    for at, name in enumerate("abc"):
        known.put(name, at)
    assert [known.get(name) for name in "abc"] == [None, 1, 2]
    known.clear()
    assert known.get("c") is None
