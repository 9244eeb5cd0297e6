"""What the service may do on PostgreSQL: work on the desk, and only add to the ledger."""

from headgate.site.desk.office import SITE
from headgate.site.records.database import TABLES
from headgate.site.verifying import verify_database


def test_the_desk_is_worked_on_and_the_ledger_only_added_to(served_site: str) -> None:
    """Working tables have their four rights and no other; the ledger's guards stand unchanged."""
    del served_site
    rights = SITE.rows("""
        SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE grantee = current_user ORDER BY 1, 2
    """)
    ledger = [(table, right) for table, right in rights if table in TABLES]
    assert [(t, r) for t in sorted(TABLES) for r in ("INSERT", "SELECT")] == ledger
    working = {table for table, _ in rights} - set(TABLES)
    managed = SITE.connection.introspection.django_table_names(only_existing=True)
    assert set(managed) == working
    assert {"desk_dossier", "person"} < working
    assert "django_migrations" not in working
    names = ("DELETE", "INSERT", "SELECT", "UPDATE")
    assert [(t, r) for t in sorted(working) for r in names] == [
        (table, right) for table, right in rights if table in working
    ]
    assert () == verify_database(SITE).faults
