"""What the service may do on PostgreSQL: work on the desk, and only add to the ledger."""

from django.core.cache import cache
from django.test import Client, override_settings

from headgate.site.desk.models import Organisation
from headgate.site.desk.office import SITE
from headgate.site.records.database import TABLES
from headgate.site.verifying import verify_database
from tests.site.desk.cast import Cast, facts_of
from tests.whole.small import small


def test_the_desk_is_worked_on_and_the_ledger_only_added_to(served_site: str) -> None:
    """Working tables have their four rights and no other; the ledger's guards stand unchanged."""
    del served_site
    rights = SITE.rows("""
        SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE grantee = current_user ORDER BY 1, 2
    """)
    ledger = [(table, right) for table, right in rights if table in TABLES]
    assert [(t, r) for t in sorted(TABLES) for r in ("INSERT", "SELECT")] == ledger
    made = [one for one in rights if one[0] == "django_migrations"]
    assert [("django_migrations", "SELECT")] == made
    working = {table for table, _ in rights} - {*TABLES, "django_migrations"}
    managed = SITE.connection.introspection.django_table_names(only_existing=True)
    assert set(managed) == working
    assert {"desk_dossier", "person"} < working
    names = ("DELETE", "INSERT", "SELECT", "UPDATE")
    assert [(t, r) for t in sorted(working) for r in names] == [
        (table, right) for table, right in rights if table in working
    ]
    assert () == verify_database(SITE).faults


def test_the_portal_needs_no_more_than_the_services_rights(served_site: str) -> None:
    """Signing in, sessions, forms, lists and the calendar work as the role that owns nothing."""
    del served_site
    cache.clear()
    cast = Cast(small().term.document, facts_of(small().term))
    cast.officer.set_password("a long phrase of words")
    cast.officer.save()
    client = Client()
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        form = {"login": "officer", "password": "a long phrase of words"}
        assert "/home/" == client.post("/account/login/", form).headers["Location"]
        one = {"code": "ORG-7", "name": "Lúa", "kind": "firm", "size": "small"}
        client.post("/organisations/new/", {**one, "fact-youth_led": "yes"})
        assert ["Lúa"] == list(Organisation.objects.values_list("name", flat=True))
        client.post("/calendar/", {"event": "open call alliance"})
        for where in ("/", "/home/", "/calendar/", "/organisations/", "/people/", "/boards/"):
            assert 200 == client.get(where).status_code, where
        client.post("/account/sessions/")
        client.post("/account/logout/")
        assert 302 == client.get("/home/").status_code
    assert () == verify_database(SITE).faults
