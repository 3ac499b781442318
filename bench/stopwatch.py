"""Wall clock and the processor time of the session's own server process: the second one stays true on a busy machine."""

import pathlib
import time


class Stopwatch:
    """Measures statements of one session."""

    def __init__(self, db):
        self.db = db
        self.schedule = pathlib.Path(f"/proc/{db.value('select pg_backend_pid()')}/schedstat")

    def _cpu(self):
        return int(self.schedule.read_text(encoding="ascii").split()[0]) / 1e9

    def seconds(self, statement):
        """(wall clock, processor) seconds of a statement."""
        cpu, start = self._cpu(), time.perf_counter()
        self.db.sql(statement)
        return time.perf_counter() - start, self._cpu() - cpu
