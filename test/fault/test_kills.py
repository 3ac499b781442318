"""Producer, consumers, ticker and server are killed with SIGKILL at random points, fifty rounds. With same_transaction nothing is lost
and nothing comes twice; with at_least_once nothing is lost."""

import os
import random
import time

import pytest

from support.cast import Cast

ROUNDS = 50
SERVER_SHARE = 0.1  # of the rounds: a server needs a second to come back, a program nothing


@pytest.mark.xdist_group("kills")
def test_nothing_is_lost_when_anybody_is_killed_at_any_time(own_db, own_server, scratch, program, wait_until):
    seed = int(os.environ.get("PGQ_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"PGQ_SEED={seed}")
    chance = random.Random(seed)

    with Cast(program, own_server, own_db.name, scratch) as cast:
        cast.execute("select pgq.set_queue_config('orders', 'rotation_period', '2 seconds')")
        cast.ensure_all()
        wait_until(lambda: cast.consumed("exact") and cast.consumed("least"), what="orders through the whole cast")
        for _ in range(int(os.environ.get("PGQ_ROUNDS", ROUNDS))):
            time.sleep(chance.uniform(0.02, 0.25))  # the random point, not a wait for anything
            if chance.random() < SERVER_SHARE:
                own_server.kill9()
                own_server.start()
            else:
                cast.kill(chance.choice(list(cast.commands)))
            cast.ensure_all()
        cast.stop("producer")
        cast.drain(wait_until)
        assert cast.missing() == []
        assert cast.surplus() == 0
        assert cast.twice("exact") == 0
        print(f"{cast.produced()} orders, {cast.twice('least')} of them twice with at_least_once")
