"""The command line: the cases of tests/cases/cli in this process, and some calls as a shell makes them."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main

CASES = Path(__file__).parents[2] / "cases" / "cli"
RUNS = tomllib.loads((CASES / "run.toml").read_text())["case"]
QUERIES = tomllib.loads((CASES / "query.toml").read_text())["case"]
HEAD = """
[rule]
description = "x"
name = "Odd"
risk_score = 47
rule_id = "rule-{number}"
severity = "medium"
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    return written


def lines(capsysbinary: pytest.CaptureFixture[bytes]) -> list[Any]:
    return [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]


def rule(text: str, number: int = 0) -> str:
    return text.replace("HEAD", HEAD.format(number=number))


@pytest.mark.parametrize("case", RUNS, ids=[case["name"] for case in RUNS])
def test_a_run_prints_a_line_for_each_hit(
    case: dict[str, Any], write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for number, text in enumerate(case["rules"]):
        path = write(f"rules/{number}.toml", rule(text, number))
    events = write("events.ndjson", "\n" + case["events"])
    now = ["--now", case["now"]] if "now" in case else []
    assert main(["run", "--rules", str(Path(path).parent), "--events", events, *now]) == 0
    assert lines(capsysbinary) == [expected(case["rules"], hit) for hit in case["hits"]]


def expected(rules: list[str], hit: dict[str, Any]) -> dict[str, Any]:
    number = hit.get("rule", 0)
    kind = tomllib.loads(rule(rules[number]))["rule"]["type"]
    told = {key: nulled(value) if key == "events" else value for key, value in hit.items() if key != "rule"}
    return {"rule_id": f"rule-{number}", "type": kind, **told}


def nulled(events: list[Any]) -> list[Any]:
    return [None if item == "missing" else item for item in events]


@pytest.mark.parametrize("case", QUERIES, ids=[case["name"] for case in QUERIES])
def test_a_query_prints_a_line_for_each_match(
    case: dict[str, Any], write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    events = write("events.ndjson", "\n".join(case["events"]))
    call = ["query", "--language", case["language"], "--events", events, *case.get("arguments", []), case["query"]]
    assert main(call) == 0
    assert [line["events"] for line in lines(capsysbinary)] == [nulled(match) for match in case["matches"]]


GOOD = 'HEAD\ntype = "query"\nquery = "a:1"'
CHECKS = [
    (GOOD, "ok", None, None, None),
    ("HEAD\ntype = \"query\"\nquery = '''\na:1 and\n  b:(\n'''", "error", "condition had to follow", 13, 1),
    ('HEAD\ntype = "query"\nquery = "a:1 and (b:2"', "error", "", 10, None),
    ('HEAD\ntype = "query"\nquery = "a:\\"x\\" and"', "error", "`and`", 10, 18),
    ('HEAD\ntype = "query"\nquery = "a:1"\nmax_signals = 0', "error", "rule.max_signals", 11, 1),
    ('HEAD\ntype = "query"\nquery = a', "error", "Invalid value", 10, 9),
    ('HEAD\ntype = "machine_learning"', "unsupported", "not evaluated", None, None),
    (GOOD + '\nfilters = [{query = {query_string = {query = "a"}}}]', "unsupported", "Lucene", None, None),
    (
        'HEAD\ntype = "threat_match"\nquery = "a:1"\nthreat_filters = [{query = {query_string = {query = "a"}}}]',
        "unsupported",
        "Lucene",
        None,
        None,
    ),
    ('HEAD\ntype = "esql"\nquery = "from x"', "ok", None, None, None),
    ('HEAD\ntype = "esql"\nquery = "from x | sort"', "error", "", 10, None),
    (
        'HEAD\ntype = "esql"\nquery = """from x | completion a = host.name with { "inference_id": "m" }"""',
        "unsupported",
        "needs a model",
        None,
        None,
    ),
    ("HEAD\ntype = \"eql\"\nquery = '''\nany where\n  a =~ 1\n'''", "error", "", 12, None),
]


@pytest.mark.parametrize(("text", "status", "message", "line", "column"), CHECKS)
def test_check_says_of_each_rule_whether_it_can_be_used_and_where_not(
    text: str,
    status: str,
    message: str | None,
    line: int | None,
    column: int | None,
    write: Any,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    path = write("odd.toml", rule(text))
    assert main(["check", path]) == (1 if status == "error" else 0)
    [told] = lines(capsysbinary)
    assert list(told) == ["path", "rule_id", "type", "status", "message", "line", "column"]
    assert (told["path"], told["status"], told["line"]) == (path, status, line)
    assert message is None or message in told["message"]
    assert column is None or told["column"] == column
    assert told["rule_id"] == (None if "query = a" in text else "rule-0")


def test_check_finds_rules_in_folders_and_in_exports_and_leaves_files_of_events_alone(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    write("a/one.toml", rule(GOOD))
    write("a/events.ndjson", '{"@timestamp": 1}\n')
    write("a/notes.md", "x")
    table = {"name": "N", "description": "d", "risk_score": 5, "severity": "low", "type": "query", "language": "kuery"}
    exported = [
        {"rule_id": "r1", "query": "a:1", **table},
        {"rule_id": "r2", "query": "a:1 or\na:(", **table},
        {"rule_id": "r3", "query": "a:1", **table, "severity": "odd"},
        {"list_id": "x", "entries": []},
        {"exported_count": 3},
    ]
    write("a/two.ndjson", "\n".join(map(json.dumps, exported)))
    write("a/three.json", json.dumps(exported[:1], indent=1))
    assert main(["check", str(Path(write("a/x", "")).parent)]) == 1
    told = lines(capsysbinary)
    assert [(Path(line["path"]).name, line["rule_id"], line["status"], line["line"]) for line in told] == [
        ("one.toml", "rule-0", "ok", None),
        ("three.json", "r1", "ok", None),
        ("two.ndjson", "r1", "ok", None),
        ("two.ndjson", "r2", "error", 2),
        ("two.ndjson", "r3", "error", 3),
    ]
    assert [line["column"] for line in told] == [None] * 5
    assert "rule.query: query line 2, column 4: " in told[3]["message"]


def test_the_rules_of_an_export_are_placed_however_it_is_laid_out(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    bad = {"rule_id": "r", "name": "N", "description": "d", "risk_score": 5, "severity": "low", "type": "query"}
    text = f"\n[\n{json.dumps(bad)}, {json.dumps(bad)},\n\n{json.dumps(bad | {'query': 'a:('}, indent=1)}\n, 5]\n"
    assert main(["check", write("a.json", text), write("b.json", f"\n\n{json.dumps(bad)}\n")]) == 1
    assert [line["line"] for line in lines(capsysbinary)] == [3, 3, 5, 14, 3]


def test_check_refuses_a_file_that_was_named_and_holds_no_rules(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["check", write("events.ndjson", '{"a": 1}\n')]) == 1
    assert [(line["status"], line["message"]) for line in lines(capsysbinary)] == [("error", "holds no rules")]


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("empty.toml", b"", 1),
        ("empty.ndjson", b"", 1),
        ("bytes.toml", b"[rule]\n# \xff\n", 2),
        ("bytes.ndjson", b"\xef\xbb\xbf{}\r\n{}\r\n\xc3", 3),
        ("lacking.toml", b"[metadata]\n\n[rule]\ndescription = 'x'\n[[rule.threat]]\nname = 'x'\n", 3),
    ],
)
def test_every_file_that_cannot_be_used_has_a_line(
    name: str, data: bytes, line: int, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert main(["check", str(path)]) == 1
    assert [(told["status"], told["line"]) for told in lines(capsysbinary)] == [("error", line)]


def test_check_lints_when_asked_to_and_goes_on_after_a_file_that_is_no_text(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = Path(write("a/b.toml", rule('HEAD\ntype = "eql"\nquery = \'any where process.name in ("a*", "b")\'')))
    (path.parent / "a.toml").write_bytes(b"\xff\xfe")
    assert main(["check", "--lint", str(path.parent)]) == 1
    bad, odd = lines(capsysbinary)
    assert (bad["status"], bad["message"], bad["lint"]) == ("error", "is not text in UTF-8", [])
    assert [(odd["status"], finding["key"], finding["line"]) for finding in odd["lint"]] == [("ok", "query", 1)]


def test_explain_shows_each_clause_and_the_first_that_failed(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = 'HEAD\ntype = "query"\nquery = "event.category:process and process.name:(sh or bash) and not user.name:root"'
    path = write("r.toml", rule(text))
    matching = '{"event.category": "process", "process.name": "sh"}'
    other = '{"event.category": "process", "process.name": "zsh", "user.name": "root"}'
    events = write("e.ndjson", f"{matching}\n{other}\n")
    assert main(["explain", "--rule", path, "--events", events, "--line", "0"]) == 0
    assert main(["explain", "--rule", path, "--events", events, "--line", "1"]) == 0
    hit, miss = lines(capsysbinary)
    assert (hit["matched"], hit["rule_id"], hit["line"]) == (True, "rule-0", 0)
    assert all(clause["held"] for clause in hit["clauses"])
    assert "why_not" not in hit
    assert miss["matched"] is False
    assert [clause["field"] for clause in miss["clauses"] if not clause["held"]] == ["process.name", "user.name"]
    assert (miss["why_not"]["field"], miss["why_not"]["found"]) == ("process.name", ["zsh"])
    assert set(miss["why_not"]) == {"clause", "held", "field", "found", "asked"}


def test_explain_goes_step_by_step_and_names_an_index_that_does_not_fit(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    query = "sequence by host.id [process where true] [network where length(host.id) > 3]"
    path = write("r.toml", rule(f'HEAD\ntype = "eql"\nindex = ["logs-*"]\nquery = "{query}"'))
    events = write(
        "e.ndjson", '{"event.category":"network","host.id":"abc"}\n{"event.category":"process","_index":"x"}'
    )
    assert main(["explain", "--rule", path, "--events", events, "--line", "0"]) == 0
    assert main(["explain", "--rule", path, "--events", events, "--line", "1"]) == 0
    first, second = lines(capsysbinary)
    assert [(step["step"], step["matched"]) for step in first["steps"]] == [(1, False), (2, False)]
    assert first["steps"][0]["why_not"]["field"] == "event.category"
    assert "length" in first["steps"][1]["why_not"]["clause"]
    assert second["matched"] is False
    assert second["steps"][0]["why_not"]["field"] == "_index"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["check", "EMPTY"], "holds no rule files."),
        (["check", "/nowhere/at/all"], "/nowhere/at/all is not there."),
        (["run", "--rules", "RULE", "--events", "/nowhere"], "/nowhere cannot be read: No such file or directory."),
        (["run", "--rules", "RULE", "--events", "FINE", "--now", "soon"], '"soon" is not a time'),
        (["query", "--language", "kql", "--events", "FINE", "a:("], "line 1, column 4"),
        (["query", "--language", "eql", "--events", "FINE", "any where"], "The query cannot be read"),
        (["query", "--language", "esql", "--events", "FINE", "from x | where"], "cannot be read"),
        (["query", "--language", "kql", "a:1"], "give --events"),
        (["query", "--language", "kql", "--table", "a=b", "--events", "FINE", "a:1"], "ES|QL"),
        (["explain", "--rule", "RULE", "--events", "FINE", "--line", "1"], "has no event on line 1"),
        (["explain", "--rule", "LEARNING", "--events", "FINE", "--line", "0"], "cannot be explained"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence_with_exit_code_two(
    call: list[str], said: str, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "RULE": write("r.toml", rule(GOOD)),
        "LEARNING": write("m.toml", rule('HEAD\ntype = "machine_learning"')),
        "FINE": write("fine.ndjson", '{"a": 1}\n\n'),
        "EMPTY": str(Path(write("empty/notes.md", "")).parent),
    }
    assert main([files.get(word, word) for word in call]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


JOINED = """HEAD
type = "esql"
language = "esql"
from = "now-9m"
query = "FROM * | LOOKUP JOIN owners ON host.name | STATS n = COUNT(*) BY owner | WHERE n >= 2 AND owner IS NOT NULL"
"""


def test_rules_join_the_tables_of_the_call(write: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = write("rules/joined.toml", rule(JOINED))
    hosts = ["web-1", "web-2", "lab-1"]
    told = [json.dumps({"@timestamp": "2026-11-20T00:00:00Z", "host.name": host}) for host in hosts]
    called = ["run", "--rules", path, "--events", write("events.ndjson", "\n".join(told))]
    header = "host.name:keyword,owner:keyword"
    table = write("owners.csv", f"{header}\nweb-1,ana\nweb-2,ana\nlab-1,rosa")
    assert main([*called, "--table", f"owners={table}"]) == 0
    assert [(hit["events"], hit["row"]["owner"]) for hit in lines(capsysbinary)] == [([0, 1], "ana")]
    write("owners.csv", f"{header}\nweb-1,ana\nweb-2,rosa\nlab-1,rosa")
    assert main([*called, "--table", f"owners={table}"]) == 0
    assert [(hit["events"], hit["row"]["owner"]) for hit in lines(capsysbinary)] == [([1, 2], "rosa")]
    assert main(["check", "--table", f"owners={table}", path]) == 0
    assert [read["status"] for read in lines(capsysbinary)] == ["ok"]


def test_a_rule_that_joins_a_table_which_is_not_given_does_not_run(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = write("rules/joined.toml", rule(JOINED))
    assert main(["run", "--rules", path, "--events", write("events.ndjson", "{}")]) == 0
    assert b"not evaluated: 1 of 1" in capsysbinary.readouterr().err
    assert main(["run", "--rules", path, "--events", write("events.ndjson", "{}"), "--table", "owners"]) == 2
    assert b"write NAME=FILE.csv" in capsysbinary.readouterr().err


def test_a_rule_that_cannot_be_read_is_named_and_the_others_run(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    good, bad = write("good.toml", rule(GOOD, 1)), write("bad.toml", rule('HEAD\ntype = "query"\nquery = "a:("'))
    other = write("ml.toml", rule('HEAD\ntype = "machine_learning"'))
    events = write("e.ndjson", '{"a": 1}')
    assert main(["run", "--rules", bad, other, good, "--events", events]) == 1
    captured = capsysbinary.readouterr()
    assert json.loads(captured.out) == {"rule_id": "rule-1", "type": "query", "events": [0]}
    assert b"bad.toml did not run" in captured.err
    assert b"1 of 3" in captured.err


@pytest.mark.parametrize(
    "line", ["\ufeff" + '{"a": 1}', '  {"a": 1}\r', '{"a": 1, "b": {"c": [[[1]]]}, "d.": 2, ".": 3}']
)
def test_odd_but_readable_lines_are_read(line: str, write: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["query", "--language", "kql", "--events", write("e.ndjson", line), "a:1"]) == 0
    assert lines(capsysbinary) == [{"events": [0]}]


ODD_LINES = [
    ('{"a":1e400}', "a number that is too large"),
    (r'{"a":"\ud800"}', "half a character"),
    ('{"a": 1', "is not JSON"),
    ("[1]", "is not a JSON object"),
    ('{"a":' * 900 + "1" + "}" * 900, "nested too deeply"),
    ('{"a":' * 2_000 + "1" + "}" * 2_000, "nested too deeply"),
]


def test_lines_that_are_no_events_are_named_and_the_others_are_read(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    odd = "".join(f"{line}\n" for line, _ in ODD_LINES)
    events = write("e.ndjson", f'{{"a": 1}}\n{odd}\n{{"a": 1}}\n')
    path, last = write("r.toml", rule(GOOD)), len(ODD_LINES) + 2
    for call, found in (
        (["run", "--rules", path], [{"rule_id": "rule-0", "type": "query", "events": [line]} for line in (0, last)]),
        (["query", "--language", "kql", "a:1"], [{"events": [line]} for line in (0, last)]),
        (["query", "--language", "eql", "any where a == 1"], [{"events": [line]} for line in (0, last)]),
    ):
        assert main([*call, "--events", events]) == 1
        captured = capsysbinary.readouterr()
        assert [json.loads(line) for line in captured.out.splitlines()] == found
        said = captured.err.decode().splitlines()
        assert len(said) == len(ODD_LINES)
        for number, (sentence, (_, why)) in enumerate(zip(said, ODD_LINES, strict=True), 1):
            assert f"line {number} (counting from 0): the event" in sentence
            assert why in sentence
    assert main(["explain", "--rule", path, "--events", events, "--line", str(last)]) == 1
    assert main(["explain", "--rule", path, "--events", events, "--line", "1"]) == 2


def test_index_and_id_of_a_line_can_be_asked_for_and_are_no_fields_otherwise(
    write: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    lines_ = [
        '{"_index": ".ds-logs-x-default-2026.01.01-000001", "_id": "k1", "a": 1}',
        '{"_index": "metrics-x-default", "_id": 7, "a": 1}',
        '{"a": 1}',
    ]
    events = write("e.ndjson", "\n".join(lines_))
    for query, found in (
        ("_index:logs-* and a:1", [0]),
        ("_index:.ds-logs-*", [0]),
        ("not _index:logs-*", [1, 2]),
        ("_id:(k1 or 7)", [0, 1]),
        ("_index:*", [0, 1]),
        ("k1", []),
        ("*:k1", []),
    ):
        assert main(["query", "--language", "kql", "--events", events, query]) == 0
        assert [line["events"] for line in lines(capsysbinary)] == [[line] for line in found], query
    path = write("r.toml", rule('HEAD\ntype = "query"\nquery = "_index:metrics-* and a:2"'))
    assert main(["explain", "--rule", path, "--events", events, "--line", "1"]) == 0
    [told] = lines(capsysbinary)
    assert [clause["held"] for clause in told["clauses"]] == [True, False]


def as_a_shell(*call: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine", *call], capture_output=True, text=True, check=False, timeout=60, **options
    )


def test_the_module_runs_reads_standard_input_and_needs_no_django(write: Any) -> None:
    path = write("r.toml", rule(GOOD))
    done = as_a_shell("run", "--rules", path, "--events", "-", input='{"a": 1}\n')
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (
        0,
        {"rule_id": "rule-0", "type": "query", "events": [0]},
        "",
    )
    code = (
        "import sys, engine.cli; sys.exit(any(name.partition('.')[0] in ('django', 'psycopg') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_call_that_makes_no_sense_ends_with_two_and_help_with_none() -> None:
    assert as_a_shell().returncode == 2
    done = as_a_shell("run", "--help")
    assert done.returncode == 0
    assert "--now" in done.stdout
