"""Everything that runs on the machine itself: embedded PostgreSQL and Valkey, and the processes of `make run`.

`services.running()` gives a database and a broker to whoever needs them, without an installation, a system user
or a TCP port. Nothing here knows about rules or alerts; of the rest of Watchbill only the sample event is
imported, to print it.
"""
