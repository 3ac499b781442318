"""Groups headers so that few sources show that each compiles alone: `header_chains.py INCLUDE_FOLDER`, a group a line.

A header that is compiled after others could use what only those include. It cannot when it includes all of those itself, directly or
not. So in a group each header includes whatever the ones before it include, and compiling the group compiles each of them as well as
alone. The groups are the chains of a partial order; a largest matching gives the smallest number of them (Fulkerson's proof of
Dilworth's theorem), and matching the headers that include most first leaves the cheapest ones to head a group.

The bodies of a header (x.ipp) count as a header that includes x.hpp: groups are compiled as with separate compilation, where x.hpp does
not include them. With the bodies in, headers compile alone as well unless they include each other in a circle, which is looked for here.

Exit status 1, with a line for each, when a header is part of such a circle, or includes something else below its first line of code:
the rule would not hold for it.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
CODE = re.compile(r"\s*[^\s#/]")


def whole(name):
    """The header that a file is, or whose bodies it has."""
    return re.sub(r"\.ipp$", ".hpp", name)


def includes(path):
    """What a header includes, apart from its own bodies; None as soon as that comes after code."""
    code = False
    for line in path.read_text().splitlines():
        found = INCLUDE.match(line)
        if found and not path.with_suffix(".ipp").as_posix().endswith("/" + found[1]):
            yield None if code else found[1]
        code = code or CODE.match(line) is not None


def closures(direct):
    """All that a header includes, directly or not, and itself."""
    known = {}

    def closure(name):
        if name not in known:
            known[name] = {name}.union(*(closure(other) if other in direct else {other} for other in direct[name]))
        return known[name]

    return {name: closure(name) for name in direct}


def chains(closure):
    """Lists of headers, each of which includes all that the one before it does. The next of a header is found by augmenting paths."""
    above = {one: [other for other in closure if closure[one] < closure[other]] for one in closure}
    before = {}

    def find_next(one, seen):
        for other in above[one]:
            if other not in seen:
                seen.add(other)
                if other not in before or find_next(before[other], seen):
                    before[other] = one
                    return True
        return False

    for one in sorted(closure, key=lambda name: (-len(closure[name]), name)):
        find_next(one, set())
    after = {one: other for other, one in before.items()}
    for first in sorted(closure.keys() - before.keys()):
        chain = [first]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        yield chain


def circles(direct):
    """Headers that need themselves once each comes with its bodies."""
    merged = {}
    for name, others in direct.items():
        merged.setdefault(whole(name), set()).update(whole(other) for other in others if whole(other) != whole(name))
    for name in merged:
        seen, waiting = set(), [name]
        while waiting:
            new = merged.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        if name in seen:
            yield name


def main():
    root = pathlib.Path(sys.argv[1])
    headers = [path for path in sorted(root.rglob("*.[hi]pp")) if path.name != "src.hpp"]  # that is a source to be compiled alone
    direct = {path.relative_to(root).as_posix(): list(includes(path)) for path in headers}
    late = [name for name, others in direct.items() if None in others]
    if late:
        sys.exit("\n".join(f"{name}: an include comes after code" for name in late))
    if found := list(circles(direct)):
        sys.exit("\n".join(f"{name}: includes itself by way of others, or of bodies" for name in found))
    sys.setrecursionlimit(len(direct) + 1000)
    print("\n".join(" ".join(chain) for chain in chains(closures(direct))))


main()
