"""Fixtures for capturing table changes: a queue `q` in a database, and what reached it."""
import psycopg2
import pytest

FIELDS = "ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4"


class Capture:
    """A database with a queue `q`."""

    def __init__(self, db):
        self.db = db
        self.sql = db.sql
        self.value = db.value
        self.connect = db.connect
        db.sql("select pgq.create_queue('q')")

    def events(self):
        """The events written so far, oldest first, as tuples of type, data and the four extras; they are taken away."""
        return self.sql(f"with taken as (delete from pgq.event_template returning *) select {FIELDS} from taken order by ev_id")

    def after(self, *statements):
        """The events of some statements."""
        for statement in statements:
            self.sql(statement)
        return self.events()

    def data(self, *statements):
        """The same, reduced to type and data."""
        return [event[:2] for event in self.after(*statements)]

    def trigger(self, table, function, *args, events="insert or update or delete", when="after", name="capture", level="row"):
        """Puts a trigger on a table, in place of the one of that name."""
        words = ", ".join("'" + str(word).replace("'", "''") + "'" for word in ("q", *args))
        self.sql(f"drop trigger if exists {name} on {table}")
        self.sql(f"create trigger {name} {when} {events} on {table} for each {level} execute function pgq.{function}({words})")

    def error(self, statement, *args):
        """The first line of a statement's error."""
        with pytest.raises(psycopg2.Error) as raised:
            self.sql(statement, *args)
        return raised.value.diag.message_primary


@pytest.fixture
def ours(db):
    return Capture(db)


@pytest.fixture
def debian(debian_db):
    return Capture(debian_db)


@pytest.fixture
def both(ours, debian):
    """Ours first."""
    return ours, debian
