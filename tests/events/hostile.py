"""Hostile and odd events: what becomes of each. None may take its neighbours with it.

`reason` is why it is refused; None: it is stored, and `kept` is what some field then holds.
Sources: what broke other stores when this one was designed (a COPY that failed as a whole, numbers that silently became
others, index entries that were too long), and the JSON grammar's dark corners.
"""

# ruff: noqa: E501 - one case should be one thing to read

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    name: str
    line: bytes
    reason: str | None = None
    kept: tuple[str, Any] | None = None


def _refused(reason: str, **lines: bytes) -> list[Case]:
    return [Case(name, line, reason) for name, line in lines.items()]


_LONG = "é" * 1_400

CASES = [
    *_refused("nul_character", nul=b'{"m":"a\\u0000b"}', nul_in_a_key=b'{"a\\u0000b":1}', nul_deep=b'{"a":[{"b":["\\u0000"]}]}'),
    *_refused("not_json", raw_nul=b'{"m":"a\x00b"}', raw_control=b'{"m":"a\x01b"}', nan=b'{"n":NaN}', infinity=b'{"n":-Infinity}',
              torn=b'{"m":"', single_quotes=b"{'m':1}", comment=b'{"m":1}//', two=b'{"m":1}{"m":2}', comma=b'{"m":1,}',
              hexadecimal=b'{"n":0x10}', leading_zero=b'{"n":01}', utf16="{}".encode("utf-16-le")[:3]),
    *_refused("lone_surrogate", high=b'{"m":"\\ud800"}', high_then_text=b'{"m":"\\ud800x"}', in_a_key=b'{"\\udbff":1}'),
    *_refused("invalid_utf8", latin_1=b'{"m":"\xe9"}', overlong=b'{"m":"\xc0\x80"}', encoded_surrogate=b'{"m":"\xed\xa0\x80"}',
              bad_key=b'{"\xff":1}'),
    *_refused("number_out_of_range", huge=b'{"n":1e131073}', large=b'{"n":1e130000}', beyond_double=b'{"n":1e309}',
              two_to_64=b'{"n":18446744073709551616}', below=b'{"n":-9223372036854775809}', in_an_array=b'{"n":[1,99999999999999999999]}',
              digits=b'{"n":' + b"9" * 300 + b"}", many_digits=b'{"n":' + b"1" * 5000 + b"}"),
    *_refused("not_an_object", array=b"[1,2]", number=b"7", text=b'"x"', null=b"null", true=b"true"),
    *_refused("too_deep", deep=b'{"a":' * 20_000 + b"1" + b"}" * 20_000, deep_arrays=b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
              deeper_than_ours=b'{"a":' * 21 + b"1" + b"}" * 21, dotted=b'{"' + b".".join([b"a"] * 22) + b'":1}',
              unclosed=b'{"a":' * 20_000),
    *_refused("bad_field_name", empty=b'{"":1}', dot=b'{".":1}', dots=b'{"a..b":1}', leading=b'{".a":1}', trailing=b'{"a.":1}',
              blank=b'{" ":1}', blank_part=b'{"a. .b":1}', long=b'{"' + b"k" * 600 + b'":1}'),
    *_refused("too_many_fields", keys=b"{" + b",".join(b'"k%d":1' % number for number in range(2_001)) + b"}"),
    *_refused("too_many_values", values=b'{"v":[' + b",".join([b"1"] * 20_001) + b"]}"),
    *_refused("duplicate_field", twice=b'{"a":1,"a":2}', twice_spaced=b'{"a" :1,"a":1}', twice_deep=b'{"a":[{"b":1,"b":2}]}',
              escaped=b'{"a":1,"\\u0061":2}', spaced_beside=b'{"c":"\\":","a"\t:1,"a" :2}'),
    *_refused("field_conflict", value_and_object=b'{"a":1,"a.b":2}', object_and_value=b'{"a.b":2,"a":1}', two_values=b'{"a.b":1,"a":{"b":2}}'),
    *_refused("wrong_type", scalar_host=b'{"host":"web-1"}', object_name=b'{"process":{"name":{"x":1}}}', words=b'{"process":{"pid":"many"}}',
              wide_pid=b'{"process":{"pid":9223372036854775808}}', not_an_ip=b'{"source":{"ip":"10.0.0.256"}}', date=b'{"event":{"created":"soon"}}',
              event_list=b'{"event":[{"action":"x"}]}', times=b'{"@timestamp":["2026-11-20T00:00:00Z"]}', time=b'{"@timestamp":"yesterday"}',
              boolean=b'{"process":{"code_signature":{"exists":"maybe"}}}', underscore=b'{"process":{"pid":"1_0"}}'),
    *_refused("too_old", old=b'{"@timestamp":"2001-01-01T00:00:00Z"}', epoch=b'{"@timestamp":0}', first=b'{"@timestamp":"0001-01-01"}'),
    *_refused("in_future", future=b'{"@timestamp":"9999-12-31T23:59:59Z"}'),
    *_refused("bad_index", hidden=b'{"_index":".alerts-security.alerts-default"}',
              behind=b'{"_index":".internal.alerts-security.alerts-default-000001"}', upper=b'{"_index":"Logs"}', star=b'{"_index":"logs-*"}',
              number=b'{"_index":7}', empty_name=b'{"_index":""}', long_name=b'{"_index":"' + b"x" * 256 + b'"}',
              from_dataset=b'{"data_stream":{"dataset":"a b"}}'),
    *_refused("bad_id", empty_id=b'{"_id":""}', list_id=b'{"_id":[1]}', long_id=b'{"_id":"' + b"x" * 513 + b'"}'),
    *_refused("event_too_large", large=b'{"m":"' + b"x" * (1 << 20) + b'"}'),
    Case("the character 0 spelled out", b'{"m":"\\\\u0000"}', kept=("m", "\\u0000")),
    Case("a whole pair of surrogates", b'{"m":"\\ud83d\\ude00"}', kept=("m", "😀")),
    Case("a wide number as a keyword", b'{"user":{"id":18446744073709551616}}', kept=("user.id", "18446744073709551616")),
    Case("the widest number", b'{"n":18446744073709551615}', kept=("n", 18446744073709551615)),
    Case("a number as a keyword", b'{"event":{"code":4688}}', kept=("event.code", "4688")),
    Case("truth as a keyword", b'{"tags":[true,1,"x"]}', kept=("tags", "true")),
    Case("a number as text", b'{"process":{"pid":"42"}}', kept=("process.pid", 42)),
    Case("an empty number", b'{"process":{"pid":""}}'),
    Case("a fraction of a whole", b'{"process":{"pid":1.9}}', kept=("process.pid", 1)),
    Case("milliseconds as a date", b'{"event":{"created":1763640000123}}', kept=("event.created", "2025-11-20T12:00:00.123Z")),
    Case("nanoseconds", b'{"event":{"created":"2026-11-20T10:00:00.123456789+02:00"}}', kept=("event.created", "2026-11-20T08:00:00.123456Z")),
    Case("a zone id", b'{"host":{"ip":["fe80::1%eth0","10.0.0.1"]}}', kept=("host.ip", "fe80::1")),
    Case("a value too long for an index entry", f'{{"host":{{"name":"{_LONG}"}}}}'.encode(), kept=("host.name", _LONG)),
    Case("a prototype", b'{"__proto__":{"x":1},"constructor":1}', kept=("__proto__.x", 1)),
    Case("dotted and nested meet", b'{"process.name":"sh","process":{"pid":1}}', kept=("process.name", "sh")),
    Case("dotted inside nested", b'{"process":{"parent.name":"sh"},"process.parent":{"pid":1}}', kept=("process.parent.name", "sh")),
    Case("the same value twice", b'{"a.b":1,"a":{"b":1}}', kept=("a.b", 1)),
    Case("quotes and colons", b'{"m":"a\\":b\\": c"}', kept=("m", 'a":b": c')),
    Case("spaces everywhere", b' { "m" : "x" , "n" : [ 1 ] } ', kept=("m", "x")),
    Case("field names of integrations", b'{"kubernetes":{"audit":{"authorization_k8s_io/decision":"allow"}}}',
         kept=("kubernetes.audit.authorization_k8s_io/decision", "allow")),
    Case("what COPY takes for special", b'{"user":{"name":"\\\\N"},"host":{"name":"a\\tb\\nc\\\\.\\r"},"event":{"action":["{","NULL","\\"",""," "]}}',
         kept=("host.name", "a\tb\nc\\.\r")),
    Case("a keyword that says null", b'{"event":{"category":["null"]}}', kept=("event.category", "null")),
    Case("nulls", b'{"host":null,"process":{"name":null},"v":[null]}'),
    Case("nothing", b"{}"),
]  # fmt: skip
