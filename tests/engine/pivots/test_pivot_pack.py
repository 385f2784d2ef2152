"""The shipped guides lead somewhere: nearly every step has a search of its own, and all of them can be read."""

from pathlib import Path

import pytest

from engine.pivots.__main__ import main

PACK = Path(__file__).resolve().parents[3] / "rules" / "pack"


def test_the_searches_of_the_shipped_guides_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(PACK)]) == 0
    told = capsys.readouterr().out.split()
    steps, found = int(told[0]), int(told[2])
    assert found >= 0.95 * steps


def test_a_search_that_cannot_be_read_fails_the_check_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = "## Possible investigation steps\\n- A step. {{pivot: broken | user.name: (}}"
    (tmp_path / "rule.toml").write_text(f'[rule]\nname = "x"\nnote = "{note}"\n')
    assert main([str(tmp_path), "--without"]) == 1
    assert "broken: This search cannot be read" in capsys.readouterr().out
