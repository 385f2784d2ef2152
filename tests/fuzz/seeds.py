"""What fuzzing starts from: a query for each construct of a language, its tokens, and events with odd values."""

SEEDS = {
    "kql": [
        "process.name:bash",
        'process.args:("-c" and (*sh or "x y")) and not user.name:(root or SYSTEM)',
        "source.ip:10.0.0.0/8 or destination.port >= 1024",
        '@timestamp >= "now-30d/d" and event.ingested < 2026-11-21',
        "process.*.name:* and not file.path:C\\:\\\\Users\\\\*",
        'message:"failed password" and event.code:4625',
        "threat:{ indicator.ip:1.2.3.4 and indicator.type:(ipv4 or ipv6) }",
        'field:"a\\u0041\\t\\"b" AND NOT *:x',
    ],
    "eql": [
        'process where process.name == "bash" and process.args_count > 2',
        'any where event.action in ("a", "b") and not user.id in~ ("S-1-5-18")',
        'file where file.path like~ ("?:\\\\Users\\\\*", "/tmp/*") or ?file.name regex """[a-z]{2,4}\\.(sh|py)"""',
        'network where cidrMatch(source.ip, "10.0.0.0/8", "FE80::/10") and length(dns.question.name) >= 50',
        'process where substring(process.name, 0, -4) : "po*" and startsWith~(user.name, host.name)',
        'sequence by host.id with maxspan=1m [process where true] by process.entity_id until [any where a == "end"]',
        "sequence by user.name [any where true] by a.b [network where destination.port != 443] by process.args, c",
        "sequence by host.id with maxspan=30s [any where a == 1] with runs=5 ![any where b == null]",
        'sample by host.id [process where x == 1.5] [file where y : "z?"] [any where true]',
        "process where (process.pid + 1) * 2 % 3 == -1 / length(user.name) | head 5 | tail 2",
        '`event.odd-field` where concat(a, "-", string(b)) == null // said\n and /* so */ indexOf(c, "d") > 0',
    ],
    "esql": [
        'FROM logs-*, "a-*", c:b* METADATA _id, _index | WHERE a.b IN ("a", "b") AND NOT user.name IS NULL',
        "row a = 1::long, b = [1, 2.5], c = -9223372036854775809 | eval e = -a * (b + 1) % 3 - 1e3 | keep a, e*",
        'from a | where x like ("a*", "b") or y not rlike """a"b+""" and z : "words" // said\n| limit 10',
        "from a | stats n = count(*) where x > 1, m = max(y.z) by d = date_trunc(5 minutes, @timestamp), `odd-field`",
        "from a | inline stats n = count_distinct(x) by y | sort n desc nulls last, y | drop `z*`, w* | rename a as b",
        'from a | grok x "%{WORD:y} (?<z>a+)", "b" | dissect y "%{+a} %{+b}" append_separator="," | mv_expand y /**/',
        'from a | completion t = concat("a", x) with {"b": "e", "n": 1} | lookup join t on a, b | enrich p on x',
        'from a | where match(x, "y", {"b": "AUTO"}) and kql("""a:b and "c" """) | eval case(a == 1, "b", c), d',
    ],
}

TOKENS = {
    "kql": [
        "(", ")", "{", "}", ":", '"', "\\", "*", "?", " and ", " or ", " not ", "<=", ">", "a:", "\\u00", "\n",
        "\u00a0",
    ],
    "eql": [
        "(", ")", "[", "]", "![", "{", '"', '"""', "\\", "`", "*", "?", "~", ":", "==", "!=", " and ", " or ", " not ",
        " in ", " like ", " regex~ ", " where ", "sequence ", "sample ", " by ", " until ", " with runs=2 ",
        " maxspan=1s ", "| head 1", "//", "/*", "*/", "-", "+", "%", "1e309", "99999999999999999999", "null", ".", ",",
        "length(", "a[0]",
        "\\u{1F600}", "\\u{D800}", "(a|", "[^", "{1,1000}", ".*", "\x00", "\ud800",
    ],
    "esql": [
        "(", ")", "[", "]", "{", "}", '"', '"""', "\\", "`", "*", "?", ":", "::", "::ip", "==", "!=", "=", " and ",
        " or ", " not ", " in (", " like ", " is null ", "| ", "|where ", "|eval x=", "|stats ", " by ", "|keep ",
        "|limit 1", "-", "+", "//", "/*", "*/", "%", ",", ".", "1e309", "99999999999999999999", "1 day", "null", "true",
        "f(", "a.", "'", ";", "from ", "metadata ", "\x00", "\ud800", "\u00a0", "\n", "<", ">",
    ],
}  # fmt: skip

EVENTS = [
    b"{}",
    b'{"process":{"name":["bash","b\xc3\xa4sh",""],"args":["-c","ls * ?"],"pid":1,"args_count":3},"a":1,"b":[null]}',
    b'{"event":{"category":["process","network"],"code":4625},"source":{"ip":["10.1.2.3","fe80::1%eth0","x"]},"x":1.5}',
    b'{"@timestamp":"2026-11-21T00:00:00Z","file":{"path":"C:\\\\Users\\\\a","name":null},"user":[{"name":"\xce\xa3"},{"id":7}]}',
    b'{"process.name":"dotted","a":{"b":{"c":[[1,[true]],{"d":"e"}]}},"c":"dddd","dns":{"question":{"name":"'
    + b"n" * 5_000
    + b'"}}}',
]

COLUMNS = [
    "a",
    "b",
    "c",
    "x",
    "process.name",
    "process.args",
    "process.pid",
    "source.ip",
    "@timestamp",
    "event.code",
    "_id",
]
LITERALS = [
    "null", "true", "0", "-1", "2", "9223372036854775807", "18446744073709551615", "1.5", "1e300", "[1, 2]",
    '["b", "a"]', '""', '"a"', '"a b"', '"10.0.0.0/8"', '"::1"', '"2026-11-20T10:00:00Z"', '"1.2.3-x"', '"%41+b"',
    '"POINT(1 2)"', '"YQ=="', '"month"', '"yyyy-MM-dd"', '"(a|b)*"', '"$.a[0]"', "1 day", "5 minutes", "1 month",
]  # fmt: skip
