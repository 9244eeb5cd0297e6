"""A site of an older version, made as this one needs it: what is there is found by its words."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from headgate.site.desk.models import Organisation
from headgate.site.portal.models import Person
from headgate.site.records.database import opened
from headgate.site.serving import make_tables
from tests.servers.postgres import Cluster

BEFORE = (("desk", "0010_applications_in_order"), ("portal", "0001_initial"))
ROWS = 3


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_rows_of_an_older_site_are_found_by_their_words(
    vendor: str, site_template: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """`headgate migrate` folds what was written before rows kept their folded words."""
    if vendor == "sqlite":
        address = f"sqlite:///{tmp_path / 'older.db'}"
        (tmp_path / "older.db").write_bytes(site_template.read_bytes())
    else:
        postgres: Cluster = request.getfixturevalue("postgres")
        name = "site_older"
        postgres.create(name, request.getfixturevalue("postgres_site"))
        address = postgres.url(name)
    database = opened(address)
    for app, migration in BEFORE:
        call_command("migrate", app, migration, verbosity=0, interactive=False)
    old = MigrationExecutor(connections["default"]).loader.project_state(list(BEFORE)).apps
    for number in range(ROWS):
        names = {"code": f"c{number}", "name": "Viện Tính toán"}
        old.get_model("desk", "Organisation").objects.create(kind="lab", size="big", **names)
    old.get_model("portal", "Person").objects.create(username="đỗ", first_name="서울")
    make_tables(database, owner=True)
    found = Organisation.objects.filter(findable__contains="vien tinh toan")
    assert ROWS == found.count() == found.filter(called="vien tinh toan").count()
    assert [("do 서울", "서울")] == [(one.findable, one.called) for one in Person.objects.all()]
    opened("sqlite:///nothing")
