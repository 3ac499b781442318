import pytest

from one_queue import prepared


@pytest.fixture
def q(db):
    """A database with the queue `q` and its consumer `c`."""
    return prepared(db)
