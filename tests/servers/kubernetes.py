"""A stand-in for a Kubernetes API server, on loopback: it is NOT Kubernetes, and runs no Kueue.

No real API server can be installed by this project's means, so this one does, for the few kinds
that Headgate speaks of, what Kubernetes documents: create, read, list by pages, server-side apply
with an owner for each field and conflicts (409), validation and defaults by the published CRDs
where they are at hand (422), lists of checks and conditions merged by name, a status of its own,
deletion that waits for finalizers. It fails on demand.

What it knows differently from a real one: other lists have one owner as a whole, no admission
webhook, no authentication. A test may write as any field manager, as a person would.
"""

import copy
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.crds import Schemas

Thing = dict[str, Any]
Title = tuple[str, str, str]
Path = tuple[str, ...]

KINDS = {
    "namespaces": "Namespace",
    "rolebindings": "RoleBinding",
    "admissionchecks": "AdmissionCheck",
    "resourceflavors": "ResourceFlavor",
    "cohorts": "Cohort",
    "clusterqueues": "ClusterQueue",
    "localqueues": "LocalQueue",
    "workloads": "Workload",
}
BUILT_IN = ("Namespace", "RoleBinding")
PATH = re.compile(
    r"/(?:api/v1|apis/(?:kueue\.x-k8s\.io/v1beta2|rbac\.authorization\.k8s\.io/v1))"
    r"(?:/namespaces/([^/]+)(?=/))?/([a-z]+)(?:/([^/]+))?(/status)?"
)
MERGED = {"admissionChecks": "name", "conditions": "type"}
"""Lists that are merged item by item, with what tells their items apart."""

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
WHEN = "2026-11-01T00:00:00Z"


class Trouble(Exception):
    """An answer that is no success: HTTP's code and the message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Failure:
    """After so many requests of a method: answer a code, hang, or hang up, so many times.

    `at` is a part of the addresses that fail; `why` what a code is answered with, `instead` what
    is said in place of an "answer".
    """

    method: str
    how: int | str
    after: int = 0
    times: int = 10**9
    at: str = ""
    why: str = "failing on demand"
    instead: object = None


@dataclass
class Store:
    """All objects, with what each field manager owns of them."""

    schemas: Schemas | None = None
    things: dict[Title, Thing] = field(default_factory=dict)
    owned: dict[Title, dict[str, set[Path]]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    count: int = 0
    events: list[tuple[int, str, Thing]] = field(default_factory=list)
    forgotten: int = 0
    """Up to which version events are no longer remembered."""

    def apply(self, title: Title, sent: Thing, manager: str, *, force: bool) -> Thing:
        """Server-side apply: set and own the fields sent, give up those no longer sent."""
        live = keyed(copy.deepcopy(self.things.get(title) or self.new(title, sent)))
        # A status is set through its own address only; what else is sent of one is dropped.
        sent = keyed({name: value for name, value in sent.items() if name != "status"})
        owned = {who: set(paths) for who, paths in self.owned.get(title, {}).items()}
        paths = dict(leaves({k: v for k, v in sent.items() if k not in ("apiVersion", "kind")}))
        paths = {p: v for p, v in paths.items() if p not in (("metadata", "name"), NAMESPACE)}
        for path, value in paths.items():
            for who, theirs in owned.items():
                if who != manager and path in theirs and look(live, path) != value:
                    if not force:
                        what = f'conflict with "{who}": .{".".join(path)}'
                        raise Trouble(409, f"Apply failed with 1 conflict: {what}")
                    theirs.discard(path)
        others = {path for who, theirs in owned.items() if who != manager for path in theirs}
        for path in owned.get(manager, set()) - paths.keys() - others:
            drop(live, path)
        for path, value in paths.items():
            put(live, path, value)
        owned[manager] = set(paths)
        return self.keep(title, unkeyed(live), owned)

    def tell(self, title: Title, sent: Thing) -> Thing:
        """Server-side apply of a status by its only hand: fields that are not sent stay."""
        live = self.get(title)
        version = live["metadata"]["resourceVersion"]
        if sent["metadata"].get("resourceVersion", version) != version:
            raise Trouble(409, "the object has been modified")
        after = keyed(copy.deepcopy(live))
        for path, value in leaves(keyed({"status": sent["status"]})):
            put(after, path, value)
        return self.keep(title, unkeyed(after), self.owned[title])

    def write(self, thing: Thing, manager: str) -> Thing:
        """Create or replace an object as another hand does: what it changes, it owns."""
        title = title_of(thing)
        earlier = self.things.get(title) or self.new(title, thing)
        before = dict(leaves({k: v for k, v in earlier.items() if k in ("spec", "metadata")}))
        after = dict(leaves({k: v for k, v in thing.items() if k in ("spec", "metadata")}))
        changed = {path for path, value in after.items() if before.get(path, self) != value}
        gone = before.keys() - after.keys()
        owned = {who: own - changed - gone for who, own in self.owned.get(title, {}).items()}
        owned[manager] = owned.get(manager, set()) | changed
        known = {**earlier["metadata"], **thing["metadata"]}
        return self.keep(title, {**copy.deepcopy(thing), "metadata": known}, owned)

    def new(self, title: Title, sent: Thing) -> Thing:
        """An object that has a name and nothing else yet."""
        self.count += 1
        kind, namespace, name = title
        if namespace and ("Namespace", "", namespace) not in self.things:
            raise Trouble(404, f'namespaces "{namespace}" not found')
        if not NAME.fullmatch(name):
            raise Trouble(422, f"{name!r} is no name")
        within = {"namespace": namespace} if namespace else {}
        labels = {"kubernetes.io/metadata.name": name} if kind == "Namespace" else {}
        metadata = {"name": name, **within, "uid": f"uid-{self.count}", "labels": labels}
        return {"apiVersion": sent["apiVersion"], "kind": kind, "metadata": metadata}

    def keep(self, title: Title, thing: Thing, owned: dict[str, set[Path]]) -> Thing:
        """Validate, and store with the record of who owns what."""
        earlier = self.things.get(title, thing).get("roleRef", thing.get("roleRef"))
        if earlier != thing.get("roleRef"):
            raise Trouble(422, "cannot change roleRef")
        if self.schemas is not None:
            found = self.schemas.faults(thing, self.things.get(title))
            if found:
                raise Trouble(422, "; ".join(found))
            self.schemas.fill(thing)
        self.count += 1
        thing["metadata"]["resourceVersion"] = str(self.count)
        thing["metadata"]["managedFields"] = [
            {"manager": who, "operation": "Apply", "fieldsV1": nested(paths)}
            for who, paths in sorted(owned.items())
            if paths
        ]
        if thing["metadata"].get("deletionTimestamp") and not thing["metadata"].get("finalizers"):
            del self.things[title]
            self.events.append((self.count, "DELETED", thing))
        else:
            known = "MODIFIED" if title in self.things else "ADDED"
            self.things[title], self.owned[title] = thing, owned
            self.events.append((self.count, known, thing))
        return thing

    def delete(self, title: Title, uid: str | None) -> Thing:
        """Delete at once, or mark as going where a finalizer holds it."""
        thing = self.get(title)
        if uid is not None and uid != thing["metadata"]["uid"]:
            raise Trouble(409, "the uid is another's")
        if thing["metadata"].get("finalizers"):
            thing["metadata"]["deletionTimestamp"] = WHEN
        else:
            del self.things[title]
            del self.owned[title]
            self.count += 1
            self.events.append((self.count, "DELETED", thing))
        return thing

    def get(self, title: Title) -> Thing:
        """One object."""
        if title not in self.things:
            raise Trouble(404, f"{title[0]} {title[2]!r} not found")
        return self.things[title]

    def due(self, method: str, path: str) -> Failure | None:
        """What fails in this request, if anything does."""
        for failure in self.failures:
            if failure.method == method and failure.at in path:
                if failure.after > 0:
                    failure.after -= 1
                elif failure.times > 0:
                    failure.times -= 1
                    return failure
        return None


NAMESPACE = ("metadata", "namespace")


def keyed(value: Any, field: str = "") -> Any:
    """Lists that are merged as maps from `k:NAME`, so that every item is a field of its own."""
    if isinstance(value, dict):
        return {name: keyed(inner, name) for name, inner in value.items()}
    if isinstance(value, list) and field in MERGED:
        return {f"k:{one[MERGED[field]]}": keyed(one) for one in value}
    return value


def unkeyed(value: Any, field: str = "") -> Any:
    """The same as lists again."""
    if not isinstance(value, dict):
        return value
    if field in MERGED:
        return [unkeyed(one) for one in value.values()]
    return {name: unkeyed(inner, name) for name, inner in value.items()}


def title_of(thing: Mapping[str, Any]) -> Title:
    """Kind, namespace and name."""
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that is no map, by its path; a list is one value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, value


def look(thing: Any, path: Path) -> Any:
    """The value at a path, or None."""
    for step in path:
        thing = thing.get(step) if isinstance(thing, dict) else None
    return thing


def put(thing: Thing, path: Path, value: Any) -> None:
    """Set the value at a path."""
    for step in path[:-1]:
        thing = thing.setdefault(step, {})
    thing[path[-1]] = copy.deepcopy(value)


def drop(thing: Thing, path: Path) -> None:
    """Take the value at a path away, and what held nothing else."""
    inner = look(thing, path[:-1])
    if isinstance(inner, dict):
        inner.pop(path[-1], None)
        if not inner and len(path) > 2:
            drop(thing, path[:-1])


def nested(paths: set[Path]) -> Thing:
    """Paths as `fieldsV1` writes them."""
    tree: Thing = {}
    for path in sorted(paths):
        inner = tree
        for step in path:
            inner = inner.setdefault(step if step.startswith("k:") else f"f:{step}", {})
    return tree


class Handler(BaseHTTPRequestHandler):
    """One connection to the stand-in."""

    protocol_version = "HTTP/1.1"
    wbufsize = 2**16
    store: Store

    def log_message(self, *_: Any) -> None:
        """Nothing is written to the terminal."""

    def do_GET(self) -> None:
        """Read, list or watch."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if query.get("watch") == "true" and self.store.due("WATCH", self.path) is None:
            self.store.requests.append(f"GET {self.path}")
            self.watch(query)
        else:
            self.answer("WATCH" if "watch" in query else "GET")

    def watch(self, query: Mapping[str, str]) -> None:
        """Tell of what changes after a version, a line each, until the time is up."""
        found = PATH.fullmatch(urlsplit(self.path).path)
        kind, since = KINDS[found[2]] if found else "", int(query.get("resourceVersion", 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        until = time.monotonic() + int(query.get("timeoutSeconds", 60))
        with suppress(OSError):
            if since < self.store.forgotten:
                gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
                self.wfile.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
                return
            while time.monotonic() < until:
                with self.store.lock:
                    news = [e for e in self.store.events if e[0] > since and e[2]["kind"] == kind]
                for version, what, thing in news:
                    line = json.dumps({"type": what, "object": thing}).encode()
                    self.wfile.write(line + b"\n")
                    since = version
                self.wfile.flush()
                time.sleep(0.02)

    def do_PATCH(self) -> None:
        """Apply."""
        self.answer("PATCH")

    def do_DELETE(self) -> None:
        """Delete."""
        self.answer("DELETE")

    def answer(self, method: str) -> None:
        """Answer one request, or fail in it as was demanded."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        with self.store.lock:
            self.store.requests.append(f"{method} {self.path}")
            version = self.path.startswith("/version")
            failure = None if version else self.store.due(method, self.path)
        how = failure.how if failure else None
        if how == "hang":
            time.sleep(3)
        if how in ("hang", "hang up"):
            self.close_connection = True
            return
        try:
            if failure and isinstance(how, int):
                raise Trouble(how, failure.why)
            with self.store.lock:
                found = failure.instead if failure and how == "answer" else self.done(method, body)
                if how == "unacknowledged":
                    self.close_connection = True
                    return
                code, data = 200, json.dumps(found).encode()
        except Trouble as trouble:
            status = {"kind": "Status", "code": trouble.code, "message": str(trouble)}
            code, data = trouble.code, json.dumps(status).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def done(self, method: str, body: bytes) -> Thing:
        """What a request comes to."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.rstrip("/") == "/version":
            return {"gitVersion": "v1.34.0"}
        found = PATH.fullmatch(parts.path)
        if found is None or found[2] not in KINDS:
            raise Trouble(404, f"no such path: {parts.path}")
        kind, name = KINDS[found[2]], found[3]
        if name is None:
            return self.listed(kind, query)
        title = kind, found[1] or "", name
        if method == "GET":
            return self.store.get(title)
        if method == "DELETE":
            only = json.loads(body or b"{}").get("preconditions", {})
            return self.store.delete(title, only.get("uid"))
        if self.headers["Content-Type"] != "application/apply-patch+yaml":
            raise Trouble(415, "only server-side apply is known here")
        if found[4] is not None:
            return self.store.tell(title, json.loads(body))
        force = query.get("force") == "true"
        return self.store.apply(title, json.loads(body), query["fieldManager"], force=force)

    def listed(self, kind: str, query: Mapping[str, str]) -> Thing:
        """One page; as with Kubernetes, items of built-in kinds say neither kind nor version."""
        things = [one for title, one in sorted(self.store.things.items()) if title[0] == kind]
        start, size = int(query.get("continue", 0)), int(query.get("limit", 500))
        rest = {"resourceVersion": str(self.store.count)}
        if start + size < len(things):
            rest["continue"] = str(start + size)
        unsaid = ("kind", "apiVersion") if kind in BUILT_IN else ()
        page = things[start : start + size]
        items = [{k: v for k, v in one.items() if k not in unsaid} for one in page]
        return {"kind": f"{kind}List", "metadata": rest, "items": items}


@contextmanager
def api_server(schemas: Schemas | None = None) -> Iterator[tuple[str, Store]]:
    """A running stand-in: its address, and the store that a test may look into and spoil."""
    store = Store(schemas)
    handler = type("Bound", (Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def kubeconfig(address: str) -> str:
    """A kubeconfig that reaches the stand-in."""
    named = {"clusters": [{"name": "x", "cluster": {"server": address}}]}
    users = [{"name": "x", "user": {"token": "none"}}]
    contexts = [{"name": "x", "context": {"cluster": "x", "user": "x"}}]
    whole = {"apiVersion": "v1", "kind": "Config", "current-context": "x", **named}
    return json.dumps({**whole, "users": users, "contexts": contexts})
