"""A file system that does not tell the type of what lies in a folder, as NFS and many others: the environment of a program that meets one
everywhere."""
import os
import subprocess

SOURCE = """
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#define UNTYPED(name, entry) \\
    struct entry* name(DIR* folder) { \\
        static struct entry* (*next)(DIR*); \\
        if (!next) next = (struct entry* (*)(DIR*))dlsym(RTLD_NEXT, #name); \\
        struct entry* found = next(folder); \\
        if (found) found->d_type = DT_UNKNOWN; \\
        return found; \\
    }
UNTYPED(readdir, dirent)
UNTYPED(readdir64, dirent64)
"""


def untyped_folders(folder):
    """The library is made in `folder`."""
    library = folder / "untyped.so"
    subprocess.run(["g++", "-x", "c", "-w", "-shared", "-fPIC", "-o", library, "-"], input=SOURCE, text=True, check=True)
    library.chmod(0o755)
    return {**os.environ, "LD_PRELOAD": str(library)}
