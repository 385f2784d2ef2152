"""How names, texts, patterns, words and numbers are read; what is read from where has its cases in tests/cases/kql."""

import time
from datetime import UTC, datetime

import pytest

from engine.document import Document
from engine.errors import DocumentError, PatternError, TreeError
from engine.fields import KNOWN_FIELDS, FieldType, field_type
from engine.folding import fold
from engine.languages.kql import parse_kql
from engine.leaves import pin_dates
from engine.patterns import escape, parse_pattern, pattern_test
from engine.scalars import address_of, address_text, instant_of, network_of, number_of
from engine.stored_trees import tree_from_json
from engine.text import words_of
from engine.tree import And, Leaf, MatchAll, MatchNone, Not, Op, all_of, any_of, fields_of, negated


class TestFields:
    def test_the_table_knows_the_common_schema(self):
        assert len(KNOWN_FIELDS) > 1_500
        assert field_type("process.parent.name") is FieldType.KEYWORD
        assert field_type("process.parent.hash.sha256") is FieldType.KEYWORD
        assert field_type("process.parent.command_line") is FieldType.WILDCARD
        assert field_type("source.as.number") is FieldType.LONG
        assert field_type("destination.geo.location") is FieldType.GEO_POINT
        assert field_type("dll.code_signature.trusted") is FieldType.BOOLEAN
        assert field_type("user.target.group.name") is FieldType.KEYWORD
        assert field_type("process.name.text") is FieldType.MATCH_ONLY_TEXT
        assert field_type("acme.thing") is FieldType.UNKNOWN

    def test_tables_that_exist_only_to_be_copied_are_no_fields(self):
        assert field_type("geo.location") is FieldType.UNKNOWN
        assert field_type("hash.md5") is FieldType.UNKNOWN


class TestDocument:
    def test_a_field_has_all_values_that_stand_under_its_name(self):
        document = Document.of(b'{"a": [{"b": 3}, {"b": [1, null, [2]]}, [{"b": 4}]], "a.b": 9}')
        assert sorted(document.values("a.b")) == [1, 2, 3, 4, 9]
        assert document.field_names() == ["a.b"]

    def test_an_array_keeps_its_order(self):
        assert Document.of(b'{"a": ["c", ["b"], "a"]}').values("a") == ("c", "b", "a")

    def test_null_and_empty_are_no_values(self):
        document = Document.of(b'{"a": null, "b": [], "c": {}, "d": [null, {}], "e": ""}')
        assert document.field_names() == ["e"]
        assert not document.has("d")

    def test_a_second_spelling_gives_the_values_of_its_source(self):
        assert Document.of({"process": {"name": "Cat"}}).values("process.name.caseless") == ("Cat",)

    def test_depth_is_no_trouble(self):
        nested: dict[str, object] = {"a": 1}
        for _ in range(5_000):
            nested = {"a": [nested]}
        assert len(Document.of(nested).flat) == 1

    def test_arrival_is_the_time_of_ingest_or_the_timestamp(self):
        both = {"@timestamp": "2026-11-20T00:00:00Z", "event": {"ingested": "2026-11-21T00:00:00Z"}}
        assert Document.of(both).arrived == datetime(2026, 11, 21, tzinfo=UTC)
        assert Document.of({"@timestamp": "2026-11-20T00:00:00Z"}).arrived == datetime(2026, 11, 20, tzinfo=UTC)
        assert Document.of({"@timestamp": "now"}).arrived is None

    @pytest.mark.parametrize("hostile", [b"", b"[]", b"1", b"{", b'{"a": "\\ud800"}', b"\xff"])
    def test_what_is_no_object_is_refused(self, hostile):
        with pytest.raises(DocumentError):
            Document.of(hostile)


class TestFolding:
    def test_one_character_folds_to_one(self):
        for text in ("É", "ß", "İ", "ﬁ", "ΑΣ", "ǅ", "K", "ſ"):
            assert len(fold(text)) == len(text)

    def test_letters_with_two_lower_forms_meet(self):
        assert fold("ΟΔΟΣ") == fold("οδος") == fold("οδοσ")

    def test_ascii_letters_meet_only_ascii_letters(self):
        assert fold("\u212a") != "k"
        assert fold("ſ") != "s"


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "fits", "fails"),
        [
            ("a*c", ["ac", "abc", "a\nc"], ["acd", "bac"]),
            ("*a*b*", ["ab", "xaybz"], ["ba"]),
            ("ab*ba", ["abba", "abxba"], ["aba"]),
            ("a?c", ["abc", "aéc", "a\nc"], ["ac", "abbc"]),
            (r"a\*c", ["a*c"], ["abc"]),
            (r"\?*", ["?", "?x"], ["x"]),
            ("", [""], ["x"]),
            ("*", ["", "x"], []),
            ("a\\", ["a\\"], ["a"]),
            ("*a?b\\*", ["xxazb*"], ["xxazbb"]),
        ],
    )
    def test_a_pattern_covers_the_whole_value(self, pattern, fits, fails):
        test = pattern_test(parse_pattern(pattern))
        assert all(map(test, fits))
        assert not any(map(test, fails))

    def test_an_escaped_text_matches_itself_only(self):
        assert pattern_test(parse_pattern(escape(r"a\*?b")))(r"a\*?b")

    @pytest.mark.parametrize("pattern", ["*a" * 2_000, "a*" * 2_000 + "b", "?*" * 500 + "b", "*a?" * 300])
    def test_hostile_patterns_take_linear_time(self, pattern):
        test = pattern_test(parse_pattern(pattern))
        started = time.perf_counter()
        test("a" * 100_000)
        assert time.perf_counter() - started < 2

    def test_endless_patterns_are_refused(self):
        with pytest.raises(PatternError):
            parse_pattern("a" * 40_000)


def canonical(text):
    address = address_of(text)
    return None if address is None else address_text(address)


class TestScalars:
    def test_numbers(self):
        assert [number_of(value) for value in ("443", "-1.5", ".5", "1e3", 7)] == [443, -1.5, 0.5, 1000, 7]
        assert [number_of(value) for value in ("", "1e999", "0x1", "٣", "9" * 50, True, float("nan"), " 1")] == [
            None
        ] * 8

    def test_addresses(self):
        assert canonical("::FFFF:1.2.3.4") == "1.2.3.4"
        assert canonical("2001:DB8:0:0::1") == "2001:db8::1"
        assert address_of("fe80::1%eth0") == address_of("fe80::1")
        assert [address_of(text) for text in ("1.2.3", "010.1.1.1", "1.2.3.4\0", "::1::", "x" * 100, 1)] == [None] * 6

    def test_networks(self):
        assert list(map(address_text, network_of("10.9.9.9/8") or ())) == ["10.0.0.0", "10.255.255.255"]
        assert [network_of(text) for text in ("10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "/8")] == [None] * 5

    def test_dates_of_events_know_no_now(self):
        assert instant_of("2026-11-20T12:00:00.123456789Z") == datetime(2026, 11, 20, 12, 0, 0, 123456, UTC)
        assert [instant_of(value) for value in ("now", "2026-11-20||+1d", "", 1e30, float("nan"), True)] == [None] * 6


class TestWords:
    def test_word_rules(self):
        assert words_of("[Reflection.Assembly]::Load") == ("reflection.assembly", "load")
        assert words_of("don't a_b 1,000.5 x-y v1.2 a.1") == ("don't", "a_b", "1,000.5", "x", "y", "v1.2", "a", "1")
        assert words_of("日本 テスト") == ("日", "本", "テスト")
        assert words_of("x" * 300) == ("x" * 255, "x" * 45)

    @pytest.mark.parametrize("piece", ["a.", "'", "1,", "a1", "_", "é́"])
    def test_hostile_text_takes_linear_time(self, piece):
        started = time.perf_counter()
        words_of(piece * 100_000)
        assert time.perf_counter() - started < 2


class TestTrees:
    def test_trees_are_built_flat(self):
        leaf = Leaf("a", Op.EXISTS)
        assert all_of(leaf, all_of(leaf, MatchAll())) == And((leaf, leaf))
        assert all_of() == MatchAll()
        assert any_of() == MatchNone()
        assert any_of(leaf, MatchAll()) == MatchAll()
        assert negated(Not(leaf)) == leaf

    def test_values_of_a_leaf_are_text(self):
        assert Leaf("a", Op.IS, (True, 1, 1.5, "x")).values == ("true", "1", "1.5", "x")

    def test_fields_of_a_tree(self):
        assert fields_of(parse_kql("a:1 and not (b:2 or c:{ d:3 }) and e*:4")) == {"a", "b", "c.d", "e*"}

    @pytest.mark.parametrize(
        "data", [{}, {"and": 1}, {"field": "a", "op": "guess"}, {"field": "a", "op": "is", "values": [[]]}]
    )
    def test_stored_trees_of_another_kind_are_refused(self, data):
        with pytest.raises(TreeError):
            tree_from_json(data)


def test_now_can_be_pinned_to_the_time_of_asking():
    tree = pin_dates(parse_kql("@timestamp >= now-1d/d and process.name:now"), datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert tree == parse_kql('@timestamp >= "2026-11-19T00:00:00.000000Z" and process.name:now')
