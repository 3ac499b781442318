"""One database of a test, and how fresh ones are made quickly."""
import itertools
import os

import psycopg2.extras

_numbers = itertools.count(1)


class Database:
    """A database on a server; closes the connections that it gave out when the test ends."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self._connections = []
        self._own = None

    @property
    def conninfo(self):
        """A connection string, for programs and for psycopg2."""
        return self.server.conninfo(self.name)

    def connect(self, autocommit=True, **more):
        """A new psycopg2 connection; keywords go into the connection string."""
        connection = psycopg2.connect(self.server.conninfo(self.name, **more))
        connection.autocommit = autocommit
        self._connections.append(connection)
        return connection

    def sql(self, query, *args):
        """Runs a statement in a connection kept for this; gives the rows as tuples (none for a statement without a result)."""
        if self._own is None or self._own.closed:
            self._own = self.connect()
        with self._own.cursor() as cursor:
            cursor.execute(query, args or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query, *args):
        """The first column of the first row, or None where there is no row."""
        rows = self.sql(query, *args)
        return rows[0][0] if rows else None

    def rows(self, query, *args):
        """The rows as dictionaries by column name."""
        if self._own is None or self._own.closed:
            self._own = self.connect()
        with self._own.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(query, args or None)
            return [dict(row) for row in cursor.fetchall()]

    def psql(self, *args, text=None, check=True):
        """Runs psql on this database with arguments or a script on its standard input; gives what it printed."""
        return self.server.psql(*args, dbname=self.name, text=text, check=check)

    def close(self):
        """Closes every connection that this object gave out."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._own = None


class Templates:
    """Template databases of one server: made at their first use, copied for each test."""

    def __init__(self, server):
        self.server = server
        self._made = {}
        self._way = None  # how databases are copied
        self._own = None  # kept, since a connection costs more than most of what is done here
        self._process = None  # what it is connected to

    def _execute(self, query):
        if self._process is not self.server.process:
            self._own, self._process = self.server.connect(), self.server.process
        with self._own.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else None

    def fresh(self, kind, prepare=None):
        """A new database of a kind. `prepare(database)` fills the kind's template, once per server."""
        if kind not in self._made:
            name = f"template_{kind}"
            self._execute(f'create database "{name}"')
            self._made[kind] = name
            if prepare:
                template = Database(self.server, name)
                try:
                    prepare(template)
                finally:
                    template.close()
        if self._way is None:
            (version,), = self._execute("select current_setting('server_version_num')::int")
            self._way = "strategy file_copy" if version >= 150000 else ""  # in memory it takes a third of the time of the other
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self._execute(f'create database "{name}" template "{self._made[kind]}" {self._way}')
        return Database(self.server, name)

    def drop(self, database):
        """Drops a database, whoever is still connected."""
        database.close()
        if self.server.running:
            self._execute(f'drop database if exists "{database.name}" with (force)')
