"""Of several builds of one Python the fastest is taken, unless somebody named one."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from soc.local.folders import CHECKOUT

SLOW, FAST = 0.03, 0.02
VERSION = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with nothing but a folder of our own in PATH."""
    spec = importlib.util.spec_from_file_location("environment", CHECKOUT / "bootstrap" / "environment.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("PATH", str(tmp_path))
    return module


def build(folder: Path, seconds: float, version: str = VERSION, pip: bool = True) -> str:
    """An interpreter that says it is of this version, and how long the loop took; with or without a way to a pip."""
    folder.mkdir(exist_ok=True)
    python = folder / f"python{VERSION}"
    lines = [
        "#!/bin/sh", f"case $2 in *'import ensurepip') exit {0 if pip else 1};; esac", "[ $1 = -c ] || exit 1",
        f"echo {version}; echo {python}; echo {seconds}",
    ]  # fmt: skip
    python.write_text("\n".join(lines))
    python.chmod(0o755)
    return str(python)


def test_a_clearly_faster_build_is_taken_and_it_says_why(environment, tmp_path, capsys):
    own, other = build(tmp_path / "own", SLOW), build(tmp_path, FAST)
    assert environment.fastest_build(own) == other
    assert f"taking {other}, 1.5 times as fast as {own}; make PYTHON=... takes another" in capsys.readouterr().out


@pytest.mark.parametrize(
    "other", [{"seconds": SLOW / 1.05}, {"seconds": FAST, "version": "3.99"}, {"seconds": FAST, "pip": False}],
    ids=["hardly faster", "another version", "no way to install packages for it"],
)  # fmt: skip
def test_any_other_is_left_alone(environment, tmp_path, capsys, other):
    own = build(tmp_path / "own", SLOW)
    build(tmp_path, **other)
    assert environment.fastest_build(own) == own
    assert capsys.readouterr().out == ""


def test_an_interpreter_that_lacks_what_we_need_is_passed_over(environment, tmp_path):
    own = build(tmp_path / "own", SLOW)
    Path(build(tmp_path, FAST)).write_text("#!/bin/sh\nexit 1\n")
    assert environment.fastest_build(own) == own


def test_what_is_measured_is_this_interpreter(environment):
    version, path, seconds = environment.measured(sys.executable)
    assert version == VERSION
    assert path == os.path.realpath(sys.executable)
    assert 0 < seconds < 5


@pytest.mark.parametrize(
    ("words", "told"),
    [((), "runtime\n"), (("PYTHON=/opt/python",), "runtime --this-python\n")], ids=["not named", "named"],
)  # fmt: skip
def test_make_tells_whether_a_python_was_named(words, told):
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHON", "MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "--dry-run", "runtime-environment", *words], cwd=CHECKOUT, env=clean,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.replace(" \n", "\n").endswith(f"bootstrap/environment.py {told}")


def test_a_python_that_was_named_is_not_compared(environment, tmp_path, monkeypatch):
    taken: list[str] = []

    def install(python: str, _kind: str) -> None:
        taken.append(python)
        raise environment.Trouble

    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "PYTHON", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.setattr(environment, "find_python", lambda: "named")
    monkeypatch.setattr(environment, "fastest_build", lambda _: "faster")
    monkeypatch.setattr(environment, "install_with_pip", install)
    for named in (True, False):
        with pytest.raises(environment.Trouble):
            environment.install("runtime", named)
    assert taken == ["named", "faster"]
