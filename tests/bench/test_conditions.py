"""Under which conditions a figure was taken."""

from pathlib import Path

import pytest

from bench import desk_figures, results


def test_what_the_host_withheld_is_told_of_what_was_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    counted = iter([(1_000, 50), (1_090, 60)])
    monkeypatch.setattr(results, "_used_and_stolen", lambda: next(counted))
    assert results.Stolen().percent() == 10.0


def test_where_the_system_does_not_say_nothing_was_withheld(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(results, "_COUNTERS", tmp_path / "nothing")
    assert results.Stolen().percent() == 0.0


@pytest.mark.parametrize(
    ("withheld", "taken", "told"),
    [([0.0], 1, 0.0), ([30.0, 4.0, 0.5], 3, 0.5), ([9.0, 3.0, 4.0, 5.0, 6.0], 5, 3.0)],
)
def test_a_figure_is_taken_again_while_the_host_withholds_the_processor(
    withheld: list[float], taken: int, told: float, monkeypatch: pytest.MonkeyPatch
):
    shares = iter(withheld)
    blocks: list[int] = []
    monkeypatch.setattr(desk_figures, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(results.Stolen, "percent", lambda _: next(shares))

    def take() -> list[float]:
        blocks.append(len(blocks))
        return [float(len(blocks))]

    block = desk_figures.least_disturbed(take)
    assert (len(blocks), block.stolen, block.times) == (taken, told, [float(withheld.index(told) + 1)])
