"""ColdFront 1.1.10 at 2,000 projects and 10,000 allocations, measured by its own Python.

`HEADGATE_BENCH_COLDFRONT` names a Python that has it; this file is run by that one, in a folder of
its own, and imports nothing of Headgate. It prints CPU seconds and queries of each page as JSON.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

PROJECTS, EACH, PENDING, ASKED = 2_000, 5, 1_000, 5
PAGES = {
    "login": "/user/login",
    "projects": "/project/?show_all_projects=on",
    "allocations": "/allocation/?show_all_allocations=on",
    "requests": "/allocation/request-list",
}


def main() -> None:
    """Make the site by ColdFront's own command, fill it by its own models, ask for its pages."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coldfront.config.settings")
    os.environ |= {"SECRET_KEY": "bench" * 10, "DB_URL": f"sqlite:///{Path.cwd()}/coldfront.db"}
    import django
    from django.core.management import call_command

    django.setup()
    sys.stdin, out, sys.stdout = io.StringIO("yes\nyes\n"), sys.stdout, sys.stderr
    call_command("initial_setup")
    fill()
    told = {
        name: cost(where, PENDING if name == "requests" else 1) for name, where in PAGES.items()
    }
    print(json.dumps(told), file=out)


def fill() -> None:
    """Projects of 400 leaders, five allocations each, of which 1,000 in all wait for an answer."""
    from coldfront.core.allocation.models import Allocation, AllocationStatusChoice
    from coldfront.core.field_of_science.models import FieldOfScience
    from coldfront.core.project.models import Project, ProjectStatusChoice
    from coldfront.core.resource.models import Resource, ResourceType
    from django.contrib.auth.models import User

    User.objects.create_superuser("office")
    leaders = [User.objects.create(username=f"pi{n}", last_name=f"Person {n}") for n in range(400)]
    active = ProjectStatusChoice.objects.get(name="Active")
    science, _made = FieldOfScience.objects.get_or_create(description="Computer science")
    Project.objects.bulk_create(
        Project(
            title=f"Project {n}",
            pi=leaders[n % len(leaders)],
            description="Training and evaluation of models",
            field_of_science=science,
            status=active,
        )
        for n in range(PROJECTS)
    )
    cluster = Resource.objects.create(
        name="Cluster", description="", resource_type=ResourceType.objects.get(name="Cluster")
    )
    states = {one.name: one for one in AllocationStatusChoice.objects.all()}
    today = datetime.now(UTC).date()
    rows = [
        Allocation(
            project=project,
            status=states["New" if n % (PROJECTS * EACH // PENDING) == 0 else "Active"],
            quantity=1,
            start_date=today,
            end_date=today + timedelta(days=365),
            justification="Needs accelerators",
        )
        for n, project in enumerate(list(Project.objects.order_by("id")) * EACH)
    ]
    Allocation.objects.bulk_create(rows, batch_size=500)
    links = Allocation.resources.through
    made = Allocation.objects.values_list("pk", flat=True)
    links.objects.bulk_create(links(allocation_id=pk, resource=cluster) for pk in made)


def cost(where: str, rows: int) -> dict[str, float]:
    """The quickest CPU time of several askings, and the queries of one; a slow page is asked once.

    Nobody is signed in for the login form.
    """
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    client = Client(HTTP_HOST="localhost")
    if "login" not in where:
        client.force_login(get_user_model().objects.get(username="office"))
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *told: Any) -> Any:
        asked.append(sql)
        return execute(sql, *told)

    begun = process_time()
    with connection.execute_wrapper(count):
        answer = client.get(where)
    assert answer.status_code == 200, (where, answer.status_code)
    spent = [process_time() - begun]
    for _ in range(ASKED if rows == 1 else 1):
        begun = process_time()
        client.get(where)
        spent.append(process_time() - begun)
    return {"seconds": min(spent), "queries": len(asked)}


if __name__ == "__main__":
    main()
