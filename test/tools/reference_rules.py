"""What holds in the reference where a comment says nothing else: in all of it, and in each folder of headers. A comment tells what is
different, so that it need not say what is the same everywhere."""

# Each answers the same questions, in this order.
QUESTIONS = ("Threads", "Errors", "Cost", "Units")

EVERYWHERE = {
    "Threads": "different objects may be used by different threads at once; one object by one thread at a time. What more threads may do, or "
               "a process has only one of, says so.",
    "Errors": "exceptions of `<pgq/error.hpp>`, and `std::bad_alloc` wherever something grows. **Throws** names what a caller may want to tell "
              "apart; what is called by it may throw as it does by itself. Destructors throw nothing.",
    "Cost": "constant where nothing is read or sent, else proportional to the bytes that are. A function that takes a session (`db`) and names "
            "no number sends one statement and waits for its answer.",
    "Units": "durations and moments are those of `<chrono>`; sizes, lengths and limits of memory are bytes; positions in the log are bytes from "
             "its begin; moments without a zone are UTC. Ranges of values are with the name where not all of its type are taken.",
}

_SESSION_ERRORS = ("what takes a session throws as that does: `sql_error` with the SQLSTATE for what the server refuses, `connection_error` when "
                   "it is lost, `protocol_error` for an answer of another form, `stopped` on a stop request.")
_STORE_ERRORS = ("`walmgr::error`, whose kind (`fault`) decides what a program ends with; what uses a store throws as that does: `unavailable` "
                 "when it cannot be reached, `disk_full`, `corrupt` for what is not what was stored.")
_STORE_COST = "each object is read or written once, in pieces: memory does not depend on its size. Durable when sealed, which costs a sync."

FOLDERS = {
    "pgq": {
        "Threads": "handlers run on the thread that runs the consumer, those of `keyed` on its own threads.",
        "Errors": _SESSION_ERRORS + " Misuse is a `usage_error`, and what can be known at compile time does not compile.",
        "Cost": "per event nothing is sent; per batch a few statements, as source and completion say.",
    },
    "pgq/codec": {
        "Threads": "no state: from any thread.",
        "Errors": "reading throws `decode_error` for a text that is no value of the type; writing throws nothing of its own.",
        "Cost": "one pass over the text; nothing is allocated but what the value itself owns.",
        "Units": "as PostgreSQL shows values of the type, independent of the settings of the session.",
    },
    "pgq/libpq": {
        "Threads": "a session belongs to one thread at a time; cancelling it may come from any.",
        "Errors": "`sql_error`, `connection_error`, `protocol_error`; `stopped` on a stop request; `usage_error` for a call that does not fit "
                  "the state of the session. After a `connection_error` the session is closed.",
        "Cost": "one round trip for each call that sends, none for what only looks at an answer; values are views into libpq's own memory.",
    },
    "pgq/payload": {
        "Threads": "no state: from any thread.",
        "Errors": "reading throws `decode_error`, which names the field; writing throws nothing of its own.",
        "Cost": "one pass over the payload.",
    },
    "pgq/policy": {
        "Threads": "a policy is a value that is copied into its consumer, and called on the thread that runs that, but for `keyed`.",
        "Errors": _SESSION_ERRORS,
        "Cost": "nothing per event where a policy is left out; what one adds is with its name, per batch or per event.",
    },
    "pgq/source": {
        "Errors": _SESSION_ERRORS + " A batch that belongs to another process is a `fenced_error`.",
        "Cost": "a batch is asked for by one statement or two, and finished by one.",
    },
    "pgq/sql": {
        "Threads": "no state but the session's.",
        "Errors": _SESSION_ERRORS + " A function of the server that is missing is a `sql_error` 42883.",
        "Cost": "one statement, whose text is the function's name in the comment or the code; the answer is kept until it is let go.",
    },
    "pgq/stage": {
        "Threads": "called on the thread that handles the event; `const`, and with `keyed` by several at once.",
        "Errors": "what the stages behind it and the handler throw passes through.",
        "Cost": "inlined into the chain: nothing but what its function does.",
    },
    "pgq/testing": {
        "Threads": "a server and its sessions belong to one thread.",
        "Errors": "as the real server, with its SQLSTATE; a statement that it does not know is a `usage_error`.",
        "Cost": "all is in memory; a statement takes time in proportion to the rows that it looks at.",
        "Units": "its clock stands still until it is moved.",
    },
    "walmgr": {"Errors": _STORE_ERRORS, "Cost": _STORE_COST, "Units": "names and positions of the log as PostgreSQL writes them."},
    "walmgr/agent": {
        "Threads": "the agent's threads have a repository session each; what they share takes a lock.",
        "Errors": _STORE_ERRORS + " Who asks an agent that is not there works without it.",
        "Cost": "a question to the agent is one packet and its answer.",
    },
    "walmgr/backup": {
        "Threads": "parts are packed by threads with a store each.",
        "Errors": _STORE_ERRORS + " The server's sessions throw as in pgq/libpq.",
        "Cost": "each file is read once, and twice where it may be as it was; memory is bounded by part_limits.",
    },
    "walmgr/codec": {
        "Threads": "one object for one stream.",
        "Errors": "`corrupt` for what cannot be unpacked.",
        "Cost": "one pass, in blocks.",
    },
    "walmgr/failover": {
        "Errors": "`server_running`, `timed_out`, `identity`, `negative`, each with what to do; the servers' sessions throw as in pgq/libpq.",
        "Cost": "as long as the servers take, each wait up to its limit.",
    },
    "walmgr/pressure": {"Errors": _STORE_ERRORS, "Cost": "a look at the file system, and at the server's slots and archiver."},
    "walmgr/receive": {
        "Threads": "the stream is one thread's; archiving has its own.",
        "Errors": _STORE_ERRORS + " The replication session throws as in pgq/libpq.",
        "Cost": "each byte is written once into the folder, and read once for each repository.",
    },
    "walmgr/repositories": {"Errors": _STORE_ERRORS + " What fails in one is told, and thrown when it fails in too many.", "Cost": _STORE_COST},
    "walmgr/restore": {
        "Threads": "parts are read by threads with a store each.",
        "Errors": _STORE_ERRORS + " Nothing is written before it is proved that the restore can come to its end.",
        "Cost": "each part is read once; what fits already is read in place and kept.",
    },
    "walmgr/s3": {"Threads": "one session for one thread.", "Errors": _STORE_ERRORS, "Cost": "one request, repeated when the service asks for it."},
    "walmgr/sql": {
        "Threads": "no state but the session's.",
        "Errors": "as the session, see pgq/libpq.",
        "Cost": "one statement.",
    },
    "walmgr/store": {
        "Threads": "a store is for one thread at a time; copies may be used by others.",
        "Errors": _STORE_ERRORS,
        "Cost": _STORE_COST,
    },
}


def rules_of(folder):
    """(question, answer) for a folder; None when nobody has said what holds there."""
    if folder not in FOLDERS:
        return None
    return [(question, FOLDERS[folder].get(question, EVERYWHERE[question])) for question in QUESTIONS]
