-- Nothing that was written is ever changed or removed, whoever asks; ALWAYS holds in replica mode
-- too. The site's role may read and add, and nothing else.
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_never_goes BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_goes;
REVOKE ALL ON {table} FROM PUBLIC, {site};
GRANT SELECT, INSERT ON {table} TO {site};
