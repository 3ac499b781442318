#!/usr/bin/env python3
"""Puts one SQL script together from its parts.

    assemble.py --output FILE [--extension NAME | --transaction] PART...

PART is a file, or a folder for all its *.sql files in order of name. --extension puts the guard of an extension's script first;
--transaction makes the script all or nothing.
"""
import argparse
import pathlib


def files(parts):
    for part in map(pathlib.Path, parts):
        yield from sorted(part.glob("*.sql")) if part.is_dir() else [part]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True)
    wrapping = parser.add_mutually_exclusive_group()
    wrapping.add_argument("--extension")
    wrapping.add_argument("--transaction", action="store_true")
    parser.add_argument("part", nargs="+")
    options = parser.parse_args()

    texts = [path.read_text(encoding="utf-8").strip() for path in files(options.part)]
    if options.extension:
        name = options.extension
        texts.insert(0, f"\\echo Use \"create extension {name}\" or \"alter extension {name} update\" to load this file. \\quit")
    if options.transaction:
        texts = ["begin;", *texts, "commit;"]
    pathlib.Path(options.output).write_text("\n\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
