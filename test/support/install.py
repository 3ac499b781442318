"""How our extensions get into a database: as extensions, or as one SQL file where no library can be loaded."""
from support.server import tree

EXTENSIONS = ("pgq", "pgq_coop", "pgq_ext")


def available(server, name):
    """Whether the server's tree has an extension of this name."""
    return (server.tree / "share/extension" / f"{name}.control").exists()


def create_extension(database, *names):
    """Creates extensions in the order given."""
    for name in names:
        database.sql(f"create extension {name}")


def one_file(name):
    """The one-file install of an extension, without C."""
    # pgq.sql is the install with C.
    return tree("tree") / "share/contrib" / ("pgq_pl_only.sql" if name == "pgq" else f"{name}.sql")


def install_one_file(database, *names):
    """Installs extensions from their one-file scripts, in one transaction each."""
    for name in names:
        database.psql("-1", "-f", one_file(name))
