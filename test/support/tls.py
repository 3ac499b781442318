"""A server that takes TLS only, under the name `pgq.test`, with a certificate that openssl makes."""
import shutil
import subprocess

from support.server import Server, give_to_server_user

NAME = "pgq.test"


def certificate(folder, name, server_name=NAME):
    """Makes a self-signed certificate: `name`.crt, which is its own authority, and `name`.key, in a folder."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={server_name}", "-addext", f"subjectAltName=DNS:{server_name}", "-keyout", key, "-out", crt],
                   check=True, capture_output=True)
    key.chmod(0o600)
    give_to_server_user(key)
    crt.chmod(0o644)
    return crt


class TlsServer(Server):
    """Its unix socket takes everybody; by TCP there is no way in without TLS, and for the role `ann` none without her password."""

    def __init__(self, tree, folder):
        self.root = certificate(folder, "server")
        super().__init__(tree, folder, settings={
            "ssl": "on", "ssl_cert_file": self.root, "ssl_key_file": self.root.with_suffix(".key")})

    def init(self):
        super().init()
        (self.data / "pg_hba.conf").write_text("local all all trust\n"
                                               "hostssl all ann 127.0.0.1/32 scram-sha-256\n"
                                               "hostssl all all 127.0.0.1/32 trust\n")

    def address(self, **changes):
        """A connection string by TLS, without a database. The name is not looked up."""
        words = {"host": NAME, "hostaddr": "127.0.0.1", "port": self.port, "user": "postgres", "sslmode": "verify-full",
                 "sslrootcert": self.root, **changes}
        return " ".join(f"{name}={value}" for name, value in words.items())

    def remove(self):
        """Stops it and deletes its folder."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
