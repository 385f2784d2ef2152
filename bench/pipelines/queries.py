"""The same questions twice: as a pipeline and as SQL. The answers are compared."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question, in both languages. `ordered`: the rows come in one order only."""

    name: str
    pipeline: str
    sql: str
    ordered: bool = False


QUESTIONS = (
    Question(
        "STATS count, sum, max, avg",
        "FROM rows | STATS n = COUNT(*), total = SUM(bytes), longest = MAX(seconds), mean = AVG(seconds) BY user",
        "SELECT count(*), sum(bytes), max(seconds), avg(seconds), user FROM rows GROUP BY user",
    ),
    Question(
        "STATS distinct, values, min",
        "FROM rows | STATS hosts = COUNT_DISTINCT(host), seen = VALUES(action), least = MIN(bytes) BY user",
        "SELECT count(DISTINCT host), list_sort(list(DISTINCT action)), min(bytes), user FROM rows GROUP BY user",
    ),
    Question(
        "STATS, then WHERE on the groups",
        'FROM rows | WHERE host LIKE "web-*" | STATS n = COUNT(*), hosts = COUNT_DISTINCT(host) BY user, action'
        " | WHERE n > 3 AND hosts > 3 | KEEP user, action, n, hosts",
        "SELECT user, action, count(*) AS n, count(DISTINCT host) AS hosts FROM rows WHERE host LIKE 'web-%'"
        " GROUP BY user, action HAVING count(*) > 3 AND count(DISTINCT host) > 3",
    ),
    Question(
        "STATS without BY",
        "FROM rows | STATS n = COUNT(*), total = SUM(bytes), users = COUNT_DISTINCT(user), middle = MEDIAN(seconds)",
        "SELECT count(*), sum(bytes), count(DISTINCT user), median(seconds) FROM rows",
    ),
    Question(
        "WHERE, EVAL, SORT of what remains",
        'FROM rows | WHERE action RLIKE "Connection .*" AND bytes > 500000 AND seconds IS NOT NULL'
        " | EVAL rate = bytes / seconds, who = TO_UPPER(user) | SORT rate DESC, who | KEEP who, rate",
        "SELECT upper(user) AS who, bytes / seconds AS rate FROM rows WHERE regexp_full_match(action, 'Connection .*')"
        " AND bytes > 500000 AND seconds IS NOT NULL ORDER BY rate DESC, who",
        ordered=True,
    ),
    Question(
        "EVAL, SORT, LIMIT",
        'FROM rows | EVAL size = CASE(bytes > 900000, "large", bytes > 100000, "middle", "small"),'
        ' label = CONCAT(user, "@", host) | SORT bytes DESC, label | LIMIT 100 | KEEP label, size, bytes',
        "SELECT concat(user, '@', host) AS label, CASE WHEN bytes > 900000 THEN 'large' WHEN bytes > 100000"
        " THEN 'middle' ELSE 'small' END AS size, bytes FROM rows ORDER BY bytes DESC, label LIMIT 100",
        ordered=True,
    ),
)
