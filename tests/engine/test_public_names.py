import subprocess
import sys

import engine


def test_every_public_name_is_there_and_in_order():
    assert all(hasattr(engine, name) for name in engine.__all__)
    by_case = sorted(engine.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert engine.__all__ == by_case


def test_the_engine_brings_neither_django_nor_a_database_nor_celery():
    check = "import engine, sys; print([name for name in ('django', 'psycopg', 'celery') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
