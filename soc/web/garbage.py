"""How a process that answers pages looks for garbage: rarely, and never through what it has loaded."""

import gc

YOUNGEST, YOUNG, OLD = 50_000, 20, 20


def look_rarely() -> None:
    """To be called once everything is loaded. A page makes some hundred thousand objects, nearly all of them gone with
    it without garbage collection; and to look through what stays as long as the process would make people wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, YOUNG, OLD)
