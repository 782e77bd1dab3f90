"""A Hub on 127.0.0.1 for tests: repositories in memory behind the part of the Hub's HTTP API that transformers uses.

Create a repository, push (regular and LFS files, commits), list, download with commit hashes and ETags, and answer what
is missing as the Hub does. `LoopbackHub` serves; `run_python` runs code in a fresh process that sees it as the Hub
(`HF_ENDPOINT` is read when huggingface_hub is imported).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


TOKEN = "hf_loopback"


@dataclass
class Repository:
    """Commits are whole trees: path -> content."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        sha = hashlib.sha1(f"{len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[sha] = files
        self.branches[branch] = sha
        return sha


class LoopbackHub:
    """Use as a context manager; `repositories` and `requests` may be looked at while it runs.

    Models and kernels share their names. `trusted_publishers`: organisations whose kernels load without being asked for.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}  # LFS, by SHA-256
        self.requests: list[str] = []
        self.trusted_publishers: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LoopbackHub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Missing(Exception):
    """What is not there: the Hub's error code."""


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    # (method, pattern, name of the answering method); the first that fits answers
    ROUTES = [
        (method, re.compile(pattern), name)
        for method, pattern, name in (
            ("GET", r"/api/whoami-v2", "whoami"),
            ("GET", r"/api/organizations/(?P<name>[^/]+)/overview", "organization"),
            ("POST", r"/api/repos/create", "create"),
            ("POST", r"/api/validate-yaml", "validate"),
            ("POST", r"/api/(?:models|kernels)/(?P<repo>[^/]+/[^/]+)/preupload/(?P<revision>[^/]+)", "preupload"),
            ("POST", r"/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "lfs_batch"),
            ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", "lfs_upload"),
            ("POST", r"/api/(?:models|kernels)/(?P<repo>[^/]+/[^/]+)/commit/(?P<revision>[^/]+)", "commit"),
            ("GET", r"/api/(?:models|kernels)/(?P<repo>[^/]+/[^/]+)/refs", "refs"),
            (
                "GET",
                r"/api/(?:models|kernels)/(?P<repo>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)(?:/(?P<folder>.*))?",
                "tree",
            ),
            ("GET", r"/api/(?:models|kernels)/(?P<repo>[^/]+/[^/]+)(?:/revision/(?P<revision>[^/]+))?", "info"),
            ("GET", r"/(?:kernels/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "resolve"),
        )
    ]

    def handle_request(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        path = urlsplit(self.path).path
        self.hub.requests.append(f"{self.command} {path}")
        method = "GET" if self.command == "HEAD" else self.command
        if method != "GET" and self.headers.get("Authorization") != f"Bearer {TOKEN}" and "/lfs/" not in path:
            return self.answer(401, {"error": "Invalid username or password."})
        for wanted, pattern, name in self.ROUTES:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                arguments = {key: unquote(value) for key, value in match.groupdict().items() if value is not None}
                try:
                    return getattr(self, name)(**arguments)
                except _Missing as error:
                    return self.answer(404, {"error": str(error)}, {"X-Error-Code": str(error)})
        return self.answer(404, {"error": f"no route for {method} {path}"}, {"X-Error-Code": "EntryNotFound"})

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    def answer(self, status: int, body: object = b"", headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass

    def at(self, repo: str, revision: str = "main") -> tuple[str, dict[str, bytes]]:
        """Commit hash and tree of a revision."""
        repository = self.hub.repositories.get(repo)
        if repository is None:
            raise _Missing("RepoNotFound")
        sha = repository.branches.get(revision, revision)
        if sha not in repository.commits:
            raise _Missing("RevisionNotFound")
        return sha, repository.commits[sha]

    def whoami(self) -> None:
        self.answer(200, {"type": "user", "name": "valetts", "orgs": [], "auth": {"type": "access_token"}})

    def organization(self, name: str) -> None:
        trusted = name in self.hub.trusted_publishers
        self.answer(200, {"name": name, "fullname": name, "avatarUrl": "", "trustedKernelPublisher": trusted})

    def create(self) -> None:
        wanted = json.loads(self.body)
        repo = f"{wanted.get('organization') or 'valetts'}/{wanted['name']}"
        status = 409 if repo in self.hub.repositories else 200
        if status == 200:
            self.hub.repositories[repo] = Repository()
            self.hub.repositories[repo].commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        self.answer(status, {"url": f"{self.hub.endpoint}/{repo}", "name": repo})

    def validate(self) -> None:
        self.answer(200, {"errors": [], "warnings": []})

    def preupload(self, repo: str, revision: str) -> None:
        self.at(repo, revision)
        files = [
            {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular"}
            for file in json.loads(self.body)["files"]
        ]
        self.answer(200, {"files": [{**file, "shouldIgnore": False} for file in files]})

    def lfs_batch(self, repo: str) -> None:
        objects = []
        for item in json.loads(self.body)["objects"]:
            known = item["oid"] in self.hub.objects
            upload = {"upload": {"href": f"{self.hub.endpoint}/lfs/{item['oid']}", "header": {}}}
            objects.append({**item, **({} if known else {"actions": upload})})
        self.answer(200, {"transfer": "basic", "objects": objects})

    def lfs_upload(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return self.answer(400, {"error": "the content does not have this hash"})
        self.hub.objects[oid] = self.body
        return self.answer(200)

    def commit(self, repo: str, revision: str) -> None:
        files = dict(self.at(repo, revision)[1])
        for line in self.body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif entry["key"] == "deletedFile":
                files.pop(value["path"])
        sha = self.hub.repositories[repo].commit(files, revision)
        url = f"{self.hub.endpoint}/{repo}/commit/{sha}"
        self.answer(200, {"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    def refs(self, repo: str) -> None:
        self.at(repo)
        branches = self.hub.repositories[repo].branches.items()
        heads = [{"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha} for name, sha in branches]
        self.answer(200, {"branches": heads, "tags": [], "converts": []})

    def tree(self, repo: str, revision: str, folder: str = "") -> None:
        _, files = self.at(repo, revision)
        inside = {path: data for path, data in files.items() if path.startswith(f"{folder}/" if folder else "")}
        if folder and not inside:
            raise _Missing("EntryNotFound")
        everything = "recursive=true" in urlsplit(self.path).query.lower()
        depth = folder.count("/") + 1 if folder else 0
        entries = [
            {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for path, data in sorted(inside.items())
            if everything or path.count("/") == depth
        ]
        below = {"/".join(path.split("/")[: depth + 1]) for path in inside if path.count("/") > depth}
        entries += [
            {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()}
            for path in sorted(below)
        ]
        self.answer(200, entries)

    def info(self, repo: str, revision: str = "main") -> None:
        sha, files = self.at(repo, revision)
        siblings = [{"rfilename": path} for path in sorted(files)]
        self.answer(200, {"id": repo, "modelId": repo, "sha": sha, "private": False, "tags": [], "siblings": siblings})

    def resolve(self, repo: str, revision: str, path: str) -> None:
        sha, files = self.at(repo, revision)
        if path not in files:
            raise _Missing("EntryNotFound")
        data = files[path]
        headers = {"X-Repo-Commit": sha, "ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not wanted:
            return self.answer(200, data, headers)
        start, end = int(wanted[1]), int(wanted[2] or len(data) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return self.answer(206, data[start : end + 1], headers)


def run_python(
    code: str,
    home: Path,
    hub: LoopbackHub | None = None,
    package: bool = True,
    offline: bool = False,
    timeout: int = 900,
) -> str:
    """Run code in a fresh process and return what it prints; its failure is ours, with its last lines.

    Args:
        code: Python source, may be indented.
        home: the process's `HF_HOME` (caches), and its working directory.
        hub: the Hub it talks to; None leaves it one that answers nothing.
        package: whether it can import valetts_hf; without, only code from a checkpoint can help.
        offline: sets `HF_HUB_OFFLINE=1`.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "PYTHONPATH")) and "proxy" not in name.lower()
    }
    environment |= {
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": hub.endpoint if hub else "http://127.0.0.1:9",
        "HF_HUB_DISABLE_XET": "1",  # uploads through LFS, which the loopback Hub speaks
        "HF_TOKEN": TOKEN,
        "OMP_NUM_THREADS": "1",
    }
    if offline:
        environment["HF_HUB_OFFLINE"] = "1"
    if package:
        import valetts_hf

        environment["PYTHONPATH"] = str(Path(valetts_hf.__file__).parents[1])
    else:  # also where the package is installed
        code = "import sys\nsys.modules['valetts_hf'] = None\n" + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done.stdout
