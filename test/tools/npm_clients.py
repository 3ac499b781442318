"""Takes PostgreSQL's programs for files, which the npm package of servers leaves out, out of another one: `npm_clients.py LIBRARY FOLDER`.

LIBRARY is the shared library of that package, within which lies the tar file of a whole PostgreSQL; the programs go to FOLDER/bin.
"""
import io
import pathlib
import sys
import tarfile
import zlib

PROGRAMS = ("pg_checksums", "pg_combinebackup", "pg_verifybackup")
GZIP = b"\x1f\x8b\x08"


def tar_within(library):
    """The first gzip stream whose content is a tar file. What only looks like the beginning of one is no stream, or is of something else."""
    at = library.find(GZIP)
    while at >= 0:
        try:
            if zlib.decompressobj(31).decompress(library[at:at + 65536], 512)[257:262] == b"ustar":
                return zlib.decompressobj(31).decompress(library[at:])
        except zlib.error:
            pass
        at = library.find(GZIP, at + 1)
    sys.exit(f"npm_clients: there is no tar file within {sys.argv[1]}")


folder = pathlib.Path(sys.argv[2]) / "bin"
folder.mkdir(parents=True)
with tarfile.open(fileobj=io.BytesIO(tar_within(pathlib.Path(sys.argv[1]).read_bytes()))) as whole:
    for name in whole.getnames():
        path = pathlib.PurePath(name)
        if path.parent.name == "bin" and path.name in PROGRAMS:
            (folder / path.name).write_bytes(whole.extractfile(name).read())
            (folder / path.name).chmod(0o755)
missing = [name for name in PROGRAMS if not (folder / name).exists()]
if missing:
    sys.exit(f"npm_clients: {', '.join(missing)}: not in the tar file within {sys.argv[1]}")
