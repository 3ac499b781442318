"""A real object store on loopback (npm's s3rver), and a link in front of it that checks signatures, obeys If-None-Match and can be told to
fail."""
import contextlib
import hashlib
import hmac
import http.client
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.parse

import pytest

from support.server import ROOT, as_server_user, free_port, give_to_server_user

KEY = SECRET = "S3RVER"  # the only ones that it knows
BUCKET = "walmgr"
PROGRAM = (ROOT / "build/s3rver").resolve() / "node_modules/s3rver/bin/s3rver.js"


class _Link(http.server.BaseHTTPRequestHandler):
    """Passes a request on as it came, unless it was told something else."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" or not headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _handle(self):
        told = self.server.told
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told.asked.append((self.command, self.path))
        if not self._signed_rightly(body):
            return self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if told.busy > 0:
            told.busy -= 1
            return self._answer(503, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>")
        if told.full and self.command == "PUT":
            return self._answer(507, b"<Error><Code>QuotaExceeded</Code></Error>")
        if told.hangs in (True, self.command):
            told.over.wait(60)
            self.close_connection = True
            return None
        with contextlib.ExitStack() as alone:
            if self.headers.get("If-None-Match") == "*" and self.command == "PUT" and told.obeys:
                alone.enter_context(told.one_at_a_time)
                if self._exists():
                    return self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            status, headers, answer = self._ask(body)
        if told.unseen > 0 and self.command == "HEAD":
            told.unseen -= 1
            return self._answer(404)
        if told.listed and "list-type=2" in self.path:
            return self._answer(200, told.listed(answer))
        if told.swallow > 0 and self.command == "PUT":
            told.swallow -= 1
            self.close_connection = True
            return None
        if told.cut is not None and len(answer) > told.cut:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer[:told.cut])
            self.close_connection = True
            return None
        return self._answer(status, answer, headers)

    def _signed_rightly(self, body):
        """s3rver does not look at signatures of version 4, so the link does, by the rules that Amazon has published."""
        credential, names, signature = re.fullmatch("AWS4-HMAC-SHA256 Credential=(.*),SignedHeaders=(.*),Signature=(.*)",
                                                    self.headers["Authorization"]).groups()
        key_id, *scope = credential.split("/")
        path, _, query = self.path.partition("?")
        digest = self.headers["x-amz-content-sha256"]
        asked = [self.command, path, "&".join(sorted(query.split("&"))),
                 *(f"{name}:{self.headers[name]}" for name in names.split(";")), "", names, digest]
        to_sign = ["AWS4-HMAC-SHA256", self.headers["x-amz-date"], "/".join(scope), hashlib.sha256("\n".join(asked).encode()).hexdigest()]
        key = b"AWS4" + SECRET.encode()
        for step in (*scope, "\n".join(to_sign)):
            key = hmac.digest(key, step.encode(), "sha256")
        return key_id == KEY and key.hex() == signature and hashlib.sha256(body).hexdigest() == digest and "host" in names.split(";")

    def _exists(self):
        """s3rver does not know If-None-Match of a PUT, so the link does that for it."""
        key = urllib.parse.unquote(self.path).lstrip("/")
        if self.headers["Host"].startswith(f"{BUCKET}."):
            key = f"{BUCKET}/{key}"
        return (self.server.told.folder / f"{key}._S3rver_object").exists()

    def _ask(self, body):
        link = http.client.HTTPConnection("127.0.0.1", self.server.told.port, timeout=60)
        link.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            link.putheader(name, value)
        link.endheaders(body or None)
        answer = link.getresponse()
        kept = [(name, value) for name, value in answer.getheaders()
                if self.command == "HEAD" or name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server", "keep-alive")]
        read = answer.read()
        link.close()
        return answer.status, kept, read

    do_GET = do_PUT = do_HEAD = do_DELETE = _handle


class S3Server:
    """`endpoint` is the link's, `direct` the server's own; `virtual` the link's under a name in front of which buckets can stand, as
    libcurl takes all that ends in localhost for this machine. What the link was told to do is forgotten by `heal()`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "s3"
        self.folder.mkdir()
        give_to_server_user(self.folder)
        self.process, self.link = None, None
        self.one_at_a_time, self.over = threading.Lock(), threading.Event()
        self.heal()

    def heal(self):
        self.busy, self.hangs, self.cut, self.swallow, self.full, self.obeys = 0, False, None, 0, False, True
        self.listed = None  # makes another text of a list
        self.unseen = 0  # so many questions for an object are answered as if it were not there
        self.asked = []

    def start(self, *options):
        self.port = free_port()
        self.process = subprocess.Popen(
            as_server_user(["node", "--openssl-legacy-provider", PROGRAM, "-d", self.folder, "-a", "127.0.0.1", "-p", self.port, "--no-vhost-buckets",
                            "--service-endpoint", "localhost", "--configure-bucket", BUCKET, *options], die_with_parent=True),
            stdin=subprocess.DEVNULL, stdout=open(self.folder.parent / "s3.log", "wb"), stderr=subprocess.STDOUT, cwd="/")
        deadline = time.monotonic() + 30
        while b"listening" not in (self.folder.parent / "s3.log").read_bytes():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.stop()
                raise RuntimeError("s3rver did not start:\n" + (self.folder.parent / "s3.log").read_text())
            time.sleep(0.05)
        self.link = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Link)
        self.link.daemon_threads = True
        self.link.told = self
        threading.Thread(target=self.link.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.link.server_port}"
        self.virtual = f"http://s3.localhost:{self.link.server_port}"
        self.direct = f"http://127.0.0.1:{self.port}"

    def put(self, key, path):
        """Stores a file by curl, which signs by itself."""
        signed_curl(KEY, SECRET, "-T", path, f"{self.direct}/{BUCKET}/{key}", body=path.read_bytes())

    def get(self, key):
        return signed_curl(KEY, SECRET, f"{self.direct}/{BUCKET}/{key}")

    def stop(self):
        self.over.set()
        if self.link:
            self.link.shutdown()
            self.link.server_close()
        if self.process:
            self.process.kill()
            self.process.wait(30)


def signed_curl(key, secret, *args, body=b""):
    """What a server answers to curl, which signs by itself; `body` is what is sent."""
    done = subprocess.run(["curl", "-sS", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{key}:{secret}", "-H",
                           f"x-amz-content-sha256: {hashlib.sha256(body).hexdigest()}", *args], capture_output=True)
    assert done.returncode == 0, done
    return done.stdout


def can_run():
    return PROGRAM.exists() and shutil.which("node") is not None


@contextlib.contextmanager
def s3_server(folder, *options):
    """A running one; skips the test where there can be none."""
    if not can_run():
        pytest.skip("build/s3rver is missing: npm could not fetch it")
    server = S3Server(folder)
    try:
        server.start(*options)
        yield server
    finally:
        server.stop()


def with_keys(secret=SECRET):
    """The environment that walmgr finds its keys in."""
    return {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": secret}
