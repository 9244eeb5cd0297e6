"""A real Kubernetes API server on loopback, for who has its binary: etcd of Debian beside it.

No package manager that this project may use has kube-apiserver. Debian has its source (1.20), from
which `scripts/kube_apiserver.sh` builds it; HEADGATE_KUBE_APISERVER names the binary. That version
has server-side apply (as beta), watches, RBAC and the structure of custom resources. It does not
know the rules (CEL) in which a part of Kueue's definitions is written, and no Kueue runs in it. No
node and no controller either: a namespace that is deleted is finalized by the test. Compiled by the
Go of Debian 12 it takes an empty text in a custom resource for none.
"""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from ruamel.yaml import YAML

from tests.servers.crds import VERSION
from tests.servers.postgres import HOST, free_port

BINARY: Final = "HEADGATE_KUBE_APISERVER"
START_SECONDS_MAX: Final = 240
ADMIN: Final = "admin-of-the-test"

# Standard input is the pipe: when it closes, by leaving the block or by dying in whatever way, both
# servers end and their folder is removed.
GUARD: Final = """
trap '' HUP INT TERM
folder=$1 etcd=$2 address=$3 peers=$4
shift 4
exec 3<&0 </dev/null
"$etcd" --data-dir "$folder/etcd" \
    --listen-client-urls "$address" --advertise-client-urls "$address" \
    --listen-peer-urls "$peers" --initial-advertise-peer-urls "$peers" \
    --initial-cluster "default=$peers" --unsafe-no-fsync 3<&- >"$folder/etcd.log" 2>&1 &
store=$!
"$@" --etcd-servers "$address" 3<&- >"$folder/apiserver.log" 2>&1 &
server=$!
read -r _ <&3
kill -KILL "$server" "$store"
rm -rf "$folder"
"""


class Unavailable(RuntimeError):
    """This machine has no API server that could be started; the message says why."""


class DidNotStart(RuntimeError):
    """The server was not ready in time; the message is its own log."""


@dataclass(frozen=True)
class ApiServer:
    """A running API server, and its administrator."""

    address: str
    folder: Path

    def ask(self, method: str, path: str, body: object = None, **params: str) -> httpx.Response:
        """Say something as the administrator, who may do everything."""
        with self._client() as client:
            return client.request(method, path, json=body, params=params)

    def kubeconfig(self, token: str = ADMIN) -> str:
        """A kubeconfig of the administrator, or of who holds another token."""
        server = {"server": self.address, "certificate-authority": str(self.authority)}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": server}],
                "users": [{"name": "x", "user": {"token": token}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            }
        )

    @property
    def authority(self) -> Path:
        """The certificate that the server has made for itself."""
        return self.folder / "certificates" / "apiserver.crt"

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {ADMIN}"},
            verify=ssl.create_default_context(cafile=self.authority),
            timeout=60,
        )


@contextmanager
def private_api_server() -> Iterator[ApiServer]:
    """A server for the length of the block, as empty as it starts.

    Raises Unavailable where a binary is missing, DidNotStart with the server's log.
    """
    binary, etcd = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="headgate-kubernetes-"))
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,1,"system:masters"\n', encoding="utf-8")
    made = ["openssl", "genrsa", "-out", str(folder / "accounts.key"), "2048"]
    subprocess.run(made, check=True, capture_output=True)
    port = free_port()
    store, peers = (f"http://{HOST}:{free_port()}" for _ in range(2))
    words = [str(binary), *_words(folder, port)]
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "headgate-kubernetes", str(folder), etcd, store, peers, *words],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        server = ApiServer(f"https://{HOST}:{port}", folder)
        _wait(server, "/readyz")
        yield server
    finally:
        guard.communicate(b"\n", timeout=60)


def _binaries() -> tuple[Path, str]:
    named, etcd = os.environ.get(BINARY), shutil.which("etcd")
    if not named:
        raise Unavailable(f"no kube-apiserver: build it and name it in {BINARY}")
    if not os.access(named, os.X_OK):
        raise Unavailable(f"{BINARY} names {named}, which cannot be run")
    if etcd is None:
        raise Unavailable("no etcd: install Debian's etcd-server")
    return Path(named), etcd


def _words(folder: Path, port: int) -> list[str]:
    """Loopback and nothing else; whoever has a token may do what RBAC says."""
    key = folder / "accounts.key"
    return [
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        f"--secure-port={port}",
        "--insecure-port=0",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://headgate.test",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
    ]


def _wait(server: ApiServer, *addresses: str) -> None:
    """Wait until the server answers well at each address; raises DidNotStart with its log."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if server.authority.exists() and all(
                server.ask("GET", address).is_success for address in addresses
            ):
                return
        time.sleep(0.2)
    logs = (server.folder / name for name in ("etcd.log", "apiserver.log"))
    raise DidNotStart("\n".join(log.read_text(encoding="utf-8")[-4000:] for log in logs))


def define(server: ApiServer, folder: Path) -> None:
    """Give the server Kueue's published definitions, in the one version that Headgate writes.

    Without their webhook, which is Kueue's own, and without looking into the template of pods, in
    which 1.20 does not read all defaults; raises DidNotStart where one is not taken.
    """
    names = []
    for path in sorted(folder.glob("kueue.x-k8s.io_*.yaml")):
        thing: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        versions = [_open(one) for one in thing["spec"]["versions"] if one["name"] == VERSION]
        if not versions:
            continue
        thing["spec"]["versions"] = [{**one, "storage": True, "served": True} for one in versions]
        thing["spec"].pop("conversion", None)
        thing.pop("status", None)
        answer = server.ask(
            "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", thing
        )
        if not answer.is_success:
            raise DidNotStart(f"{path.name}: {answer.text[:2000]}")
        names.append(thing["spec"]["names"]["plural"])
    _wait(server, *(f"/apis/kueue.x-k8s.io/{VERSION}/{name}" for name in names))


def _open(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_open(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {k: anything if k == "template" else _open(v) for k, v in schema.items()}
