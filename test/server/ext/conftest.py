"""A database with pgq_ext."""
import pytest

from support import install


@pytest.fixture(scope="session")
def shared_db(server):
    """A database for all tests that leave it as they find it: that is much quicker than one for each."""
    database = server.templates.fresh("ext_pgq_pgq_ext", lambda template: install.create_extension(template, "pgq", "pgq_ext"))
    yield database
    server.templates.drop(database)


@pytest.fixture
def target(shared_db):
    yield shared_db
    shared_db.close()
    shared_db.sql("truncate pgq_ext.completed_tick, pgq_ext.completed_batch, pgq_ext.completed_event, pgq_ext.partial_batch,"
                  " pgq_ext.kept_verdict")
