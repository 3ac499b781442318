"""A queue with cooperating consumers."""
import pytest

from support import install


class Group:
    """The members of consumer `pack` on queue `orders`, in one database."""

    def __init__(self, db):
        self.db = db
        db.value("select pgq.create_queue('orders')")

    def tick(self, *data):
        """A batch of these events."""
        for text in data:
            self.db.value("select pgq.insert_event('orders', 'order', %s)", text)
        self.db.value("select pgq.force_tick('orders')")
        return self.db.value("select pgq.ticker('orders')")

    def join(self, *members):
        return [self.db.value("select pgq_coop.register_subconsumer('orders', 'pack', %s)", member) for member in members]

    def next(self, member, dead=None, session=None):
        return (session or self.db).value("select pgq_coop.next_batch('orders', 'pack', %s, %s::interval)", member, dead)

    def finish(self, batch, session=None):
        return (session or self.db).value("select pgq_coop.finish_batch(%s)", batch)

    def events(self, batch):
        return [row[0] for row in self.db.sql("select ev_data from pgq.get_batch_events(%s)", batch)]

    def kill(self, member, ago="1 hour"):
        """Makes a member look as if it had been silent for so long."""
        self.db.sql("update pgq.subscription set sub_active = now() - %s::interval where sub_consumer ="
                    " (select co_id from pgq.consumer where co_name = 'pack.' || %s)", ago, member)

    def members(self):
        """Names and batches of the members that there are."""
        return dict(self.db.sql("select c.co_name, s.sub_batch from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer"
                                " where c.co_name like 'pack.%%' order by 1"))

    def main_tick(self):
        return self.db.value("select last_tick from pgq.get_consumer_info('orders', 'pack')")


@pytest.fixture(scope="session")
def shared_db(server):
    """A database for all tests that leave it as they find it: that is much quicker than one for each."""
    database = server.templates.fresh("ext_pgq_pgq_coop", lambda template: install.create_extension(template, "pgq", "pgq_coop"))
    yield database
    server.templates.drop(database)


@pytest.fixture
def group(shared_db):
    yield Group(shared_db)
    shared_db.close()
    shared_db.sql("select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                  " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'")
    shared_db.sql("select pgq.drop_queue('orders', true)")
    shared_db.sql("truncate pgq_coop.taken_over")
    shared_db.sql("delete from pgq.consumer")


@pytest.fixture
def group_in():
    """group_in(db) -> a group in a database that has pgq and pgq_coop already."""
    return Group
