"""Makes the symbolic links that an npm package of PostgreSQL binaries lists in pg-symlinks.json: `npm_symlinks.py TREE`.

npm packs no symbolic links; without them the server does not find its shared libraries.
"""
import json
import os
import pathlib
import sys

tree = pathlib.Path(sys.argv[1])
for link in json.loads((tree / "pg-symlinks.json").read_text()):
    # The paths in the list begin with the folder's name inside the package, `native`.
    source, target = (tree / pathlib.Path(link[end]).relative_to("native") for end in ("source", "target"))
    if not target.exists():
        target.symlink_to(os.path.relpath(source, target.parent))
