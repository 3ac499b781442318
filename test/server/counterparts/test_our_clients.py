"""Our producer, consumers and pgqd where they were not built for: on Debian's extension, and on PostgreSQL 14, 16, 17 and 18 with the
one-file install."""

from support.cast import Cast

ORDERS = 100


def play(database, scratch, program, wait_until):
    with Cast(program, database.server, database.name, scratch) as cast:
        cast.ensure_all()
        wait_until(lambda: cast.produced() >= ORDERS, what=f"{ORDERS} orders")
        assert cast.stop("producer") == 0
        # These come in one batch, and are handed back together.
        cast.execute("with made as (insert into produced select from generate_series(1, %s) returning id)"
                     " select count(pgq.insert_event('orders', 'order', 'id=' || id, 'again', null, null, null)) from made", ORDERS)
        cast.drain(wait_until)
        assert cast.missing() == []
        assert cast.surplus() == 0
        assert cast.twice("exact") == 0
        assert cast.twice("least") == 0, "nobody was killed"
        assert cast.stop("ticker") == 0


def test_our_clients_work_on_our_extension(db, scratch, program, wait_until):
    play(db, scratch, program, wait_until)


def test_our_clients_work_on_debians_extension(debian_db, scratch, program, wait_until):
    play(debian_db, scratch, program, wait_until)


def test_our_clients_work_on_other_versions(any_version_db, scratch, program, wait_until):
    play(any_version_db, scratch, program, wait_until)
