"""Layers only look down, doors stay doors, headers stay short. Exit status 1 with one line for each breach."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 250

# Lowest first. A header includes its own layer or a lower one.
LAYERS = {
    "vocabulary": r"pgq/(error|sqlstate|ids|event|outcome|timestamp|log|metrics|prometheus|stop|version|detail/inline)\.hpp",
    "data": r"pgq/(headers\.hpp|codec|codecs|field|versions|schema|format|change|codec/.*|payload|payload/.*)(\.hpp)?",
    "transport": r"pgq/(transport\.hpp|libpq/.*)",
    "sql": r"pgq/sql/.*",
    "behaviour": r"pgq/(chain\.hpp|verdicts\.hpp|batch\.hpp|check_table\.hpp|stage/.*|policy/.*|source/.*)",
    "facade": r"pgq/(consumer|consumer_turn|run_options|run_hooks|runner|turns|group|producer|dead_letter_queue|position|ticker|maintenance|ini|ini_section|testing|testing/.*|node/.*|cooperate|coop)(\.hpp)?",
    "everything": r"pgq/(pgq\.hpp|compiled_once\.hpp|src\.[hc]pp)",
    "walmgr": r"walmgr/.*",
}

# A heavy header has one door.
DOORS = {
    r"boost/hana": r"pgq/field\.hpp",
    r"libpq-fe\.h|postgres_ext\.h": r"pgq/libpq/.*",
    r"fmt/": r"pgq/format\.hpp",
    r"boost/(?!hana)": r"$^",
    r"range/v3": r"$^",
    r"iostream|regex": r"$^",
    r"openssl/": r"walmgr/(sha256|hmac|store/aes_counter)\.hpp",
    r"curl/": r"walmgr/s3/http\.hpp",
    r"zstd\.h|lz4frame\.h": r"walmgr/(unpack|codec/.*)\.hpp",
}

# What <pgq/pgq.hpp> brings along of other libraries, directly or not. Whatever comes to it costs every user's source time: <algorithm>
# alone was a tenth. docs/benchmarks.md has the figures.
CONSUMER_READS = set("""
    array atomic cerrno charconv chrono compare concepts condition_variable csignal cstddef cstdint cstdio cstdlib cstring deque
    exception initializer_list iterator limits list memory mutex optional span stdexcept stop_token string string_view system_error
    thread tuple type_traits utility vector fcntl.h netinet/in.h netinet/tcp.h poll.h pthread.h sys/eventfd.h sys/socket.h unistd.h
    libpq-fe.h
""".split()) | {f"boost/hana/{part}.hpp" for part in "accessors adapt_struct at concept/struct define_struct first length second".split()}

# What keeps the write-ahead log knows servers and nothing of queues.
WALMGR_MAY_INCLUDE = r"walmgr/.*|pgq/(error|sqlstate|stop|timestamp|log|transport|ini|ini_section)\.hpp|pgq/payload/json_(reader|string)\.hpp|pgq/(libpq|codec)/.*"

# Server headers are for the modules only, and what the modules share with the framework needs neither libpq nor exceptions.
EXTENSION_MAY_INCLUDE = r"pgq/(ids|event|timestamp|payload/.*)"

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')


def whole(name):
    """The header that a file is, or whose bodies it has."""
    return re.sub(r"\.ipp$", ".hpp", name)


def level(header):
    header = whole(header)
    for number, pattern in enumerate(LAYERS.values()):
        if re.fullmatch(pattern, header):
            return number
    return None


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1]


def breaches_of_header(path, name):
    own = level(name)
    if own is None:
        yield f"include/{name}: belongs to no layer; see LAYERS in test/tools/check_includes.py"
        return
    for number, target in includes(path):
        other = level(target)
        if other is not None and other > own:
            yield f"include/{name}:{number}: {list(LAYERS)[own]} looks up at {target} ({list(LAYERS)[other]})"
        if target.endswith(".ipp") and name != "pgq/src.hpp" and whole(target) != name:
            yield f"include/{name}:{number}: the bodies of {whole(target)} belong to that header and to pgq/src.hpp"
        if name.startswith("walmgr/") and other is not None and not re.fullmatch(WALMGR_MAY_INCLUDE, target):
            yield f"include/{name}:{number}: walmgr may not include {target}"
        if target.startswith("pgq/") and other is None:
            yield f"include/{name}:{number}: {target} belongs to no layer"
        for pattern, door in DOORS.items():
            if re.match(pattern, target) and not re.fullmatch(door, whole(name)):
                yield f"include/{name}:{number}: <{target}> has another door"


def breaches_of_weight():
    """Headers of other libraries that come to what a consumer reads."""
    waiting, seen = ["pgq/pgq.hpp"], {"pgq/pgq.hpp"}
    while waiting:
        name = waiting.pop()
        for number, target in includes(ROOT / "include" / name):
            if level(target) is None and target not in CONSUMER_READS:
                yield f"include/{name}:{number}: <{target}> would be read by every consumer; see CONSUMER_READS in test/tools/check_includes.py"
            elif level(target) is not None and target not in seen:
                seen.add(target)
                waiting.append(target)


def breaches_of_separation():
    """Bodies that <pgq/src.hpp> forgets would be missed by a linker only, and by that of a user."""
    compiled = {target for _, target in includes(ROOT / "include/pgq/src.hpp")}
    for path in sorted((ROOT / "include").rglob("*.ipp")):
        name = path.relative_to(ROOT / "include").as_posix()
        if name not in compiled:
            yield f"include/pgq/src.hpp: does not include {name}"


def breaches_of_length(path, name):
    lines = path.read_text().count("\n")
    if lines > MAX_LINES:
        yield f"{name}: {lines} lines; at most {MAX_LINES}"


def breaches_of_extension(path, name):
    for number, target in includes(path):
        if target.startswith("pgq/") and not re.match(EXTENSION_MAY_INCLUDE, target):
            yield f"{name}:{number}: a server module may not include {target}"


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.[chi]pp")):
            yield path, path.relative_to(ROOT).as_posix()


def breaches():
    for path, name in sources("include"):
        yield from breaches_of_header(path, name.removeprefix("include/"))
    yield from breaches_of_weight()
    yield from breaches_of_separation()
    for path, name in sources("pg_extension"):
        yield from breaches_of_extension(path, name)
    for path, name in sources("include", "apps", "pg_extension", "bench", "docs", "test"):
        yield from breaches_of_length(path, name)


def main():
    found = list(breaches())
    print("\n".join(found) if found else "includes: layers and doors hold")
    sys.exit(bool(found))


main()
