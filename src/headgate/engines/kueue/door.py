"""The way to an API server, through kr8s: list, apply as our own field manager, delete.

Every conversation runs in an event loop of its own, so it can be had from anywhere. What does not
answer, or not in time, or refuses to serve, is `EngineDown`; what is refused for what it says is
`Refused` with the server's reason.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Any, Final, TypeVar

from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.engine import EngineDown
from headgate.core.faults import Faulty
from headgate.engines.kueue.manifests import KINDS, Manifest, key, version_of
from headgate.engines.kueue.names import MANAGER

if TYPE_CHECKING:
    from kr8s.asyncio import Api

Answer = TypeVar("Answer")

PLURALS: Final[Mapping[str, str]] = {
    "Namespace": "namespaces",
    "RoleBinding": "rolebindings",
    "ResourceFlavor": "resourceflavors",
    "AdmissionCheck": "admissionchecks",
    "Cohort": "cohorts",
    "ClusterQueue": "clusterqueues",
    "LocalQueue": "localqueues",
    "Workload": "workloads",
}
PAGE: Final = 500
CONFLICT: Final = 409
REFUSING: Final = frozenset({400, 403, 404, CONFLICT, 422})
"""Answers to a change that are about what was sent; others are about the server.

A webhook that denies an object, Kueue's own among them, and a Namespace that is going answer 403.
"""

_NO_RIGHT: Final = re.compile(r'User "[^"]*" cannot \w+ resource')
"""How a 403 reads that is about our rights (Kubernetes, `responsewriters.ForbiddenMessage`)."""


class Refused(Exception):
    """The server answers and does not take an object as it is; `code` is HTTP's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Door:
    """One conversation with an API server."""

    def __init__(self, api: "Api", kinds: Iterable[str] = KINDS) -> None:
        self._api = api
        self._kinds = tuple(kinds)
        self.version = ""
        """That of the newest list: what is watched from there misses nothing."""

    async def listed(self, kind: str) -> list[Manifest]:
        """All objects of a kind in all namespaces, page by page."""
        found: list[Manifest] = []
        after = ""
        while True:
            page = {"limit": str(PAGE), **({"continue": after} if after else {})}
            answer = await self._ask("GET", kind, "", PLURALS[kind], params=page)
            items, said = _page(answer)
            # An item of a list of built-in objects says neither its kind nor its version.
            head = {"apiVersion": version_of(kind), "kind": kind}
            found += ({**head, **item} for item in items)
            after = said.get("continue", "")
            if not after:
                self.version = said.get("resourceVersion", "")
                return found

    async def stirred(self, kind: str, version: str, seconds: float) -> bool:
        """Whether anything becomes of any object of a kind within some seconds, since a list.

        A version that the server no longer remembers is news too: list again. Raises EngineDown
        where it may not be watched.
        """
        from kr8s import ServerError

        asked = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(ceil(seconds))}
        try:
            async with asyncio.timeout(seconds), self._api.call_api(
                "GET", version=version_of(kind), url=PLURALS[kind],
                params=asked, stream=True, timeout=None,
            ) as answer:  # fmt: skip
                async for line in answer.aiter_lines():
                    if _is_news(json.loads(line)):
                        return True
        except TimeoutError:
            return False
        except ServerError as error:
            if error.response is not None and error.response.status_code == 410:
                return True
            raise EngineDown(f"the API server lets nobody watch: {error}") from error
        return False

    async def live(self) -> dict[tuple[str, str, str], Manifest]:
        """Every object of the kinds that Headgate writes here, ours or not."""
        return {key(thing): thing for kind in self._kinds for thing in await self.listed(kind)}

    async def apply(self, thing: Manifest, *, force: bool = False) -> None:
        """Set the fields of an object and own them; raises Refused when others own one."""
        await self._patch(thing, "", force=force)

    async def tell(self, thing: Manifest) -> None:
        """Set what is ours of an object's status; raises Refused for one that is gone."""
        await self._patch(thing, "/status", force=True)

    async def _patch(self, thing: Manifest, part: str, *, force: bool) -> None:
        kind, namespace, name = key(thing)
        await self._ask(
            "PATCH",
            kind,
            namespace,
            f"{PLURALS[kind]}/{name}{part}",
            params={"fieldManager": MANAGER, "force": str(force).lower()},
            content=json.dumps(thing),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    async def delete(self, thing: Mapping[str, Any]) -> None:
        """Delete the very object that was seen; one that is gone is as it shall be."""
        kind, namespace, name = key(thing)
        only = {"preconditions": {"uid": thing["metadata"]["uid"]}}
        await self._ask(
            "DELETE", kind, namespace, f"{PLURALS[kind]}/{name}", content=json.dumps(only)
        )

    async def _ask(self, method: str, kind: str, namespace: str, url: str, **more: Any) -> Any:
        from kr8s import ServerError

        try:
            async with self._api.call_api(
                method, version=version_of(kind), namespace=namespace or None, url=url, **more
            ) as answer:
                return answer.json()
        except ServerError as error:
            code = error.response.status_code if error.response is not None else 0
            reason = str(error).partition("\n")[0]
            if method == "DELETE" and code == 404:
                return {}
            if method != "GET" and code in REFUSING and not _NO_RIGHT.search(reason):
                raise Refused(code, reason) from error
            raise EngineDown(f"the API server answered {code}: {reason}") from error
        except (KeyError, TypeError) as error:
            raise EngineDown(f"{_NO_SERVER}: a failure without a reason") from error


_NO_SERVER: Final = "what answers there is no API server"


def _page(answer: Any) -> tuple[list[Manifest], Mapping[str, str]]:
    """The items of a page and what it says of the list; raises EngineDown for what is no page.

    A list that was never filled may be written as null.
    """
    match answer:
        case {"items": list() | None as items, "metadata": dict() as said}:
            if all(isinstance(one, dict) and "metadata" in one for one in items or ()):
                return items or [], said
    raise EngineDown(f"{_NO_SERVER}: no list was given")


def _is_news(event: Any) -> bool:
    """Whether a line of a watch tells of a change; raises EngineDown for what is no such line."""
    match event:
        case {"type": str() as kind}:
            return kind != "BOOKMARK"
    raise EngineDown(f"{_NO_SERVER}: what was watched told no change")


def kinds_of(settings: KueueCluster) -> tuple[str, ...]:
    """The kinds that are looked at: rights on bindings are needed only where they are made."""
    bound = settings.member_role is not None
    return tuple(kind for kind in KINDS if bound or kind != "RoleBinding")


def talk(settings: KueueCluster, say: Callable[[Door], Awaitable[Answer]]) -> Answer:
    """Have one conversation; raises EngineDown for a server that does not answer it whole."""

    async def conversation() -> Answer:
        with _down():
            found = await _api_of(settings)
            try:
                return await say(Door(found, kinds_of(settings)))
            finally:
                # kr8s leaves its connections to the end of the process, and no word to end them.
                if found._session is not None:
                    await found._session.aclose()

    return asyncio.run(conversation())


async def _api_of(settings: KueueCluster) -> "Api":
    """Kr8s with a kubeconfig; raises EngineDown for one that says nothing it understands."""
    from kr8s.asyncio import api
    from yaml import YAMLError

    try:
        found = await asyncio.wait_for(
            api(kubeconfig=settings.kubeconfig, context=settings.context),
            settings.timeout_seconds,
        )
    except (KeyError, TypeError, AttributeError, YAMLError) as error:
        what = f"the kubeconfig {settings.kubeconfig or ''} cannot be read"
        raise EngineDown(f"{what}: {type(error).__name__}") from error
    found.timeout = settings.timeout_seconds
    return found


@contextmanager
def _down() -> Iterator[None]:
    from httpx import HTTPError
    from kr8s import APITimeoutError, ServerError

    try:
        yield
    except Faulty:
        raise
    except (HTTPError, APITimeoutError, ServerError, OSError, TimeoutError, ValueError) as error:
        what = str(error) or type(error).__name__
        raise EngineDown(f"no conversation with the API server: {what}") from error
