-- Nothing that was written is ever changed or removed, whoever asks. A connection that has switched
-- off what the constraints rest on, or what makes REPLACE fire these triggers, may not write at all.
CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_never_goes BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_is_guarded BEFORE INSERT ON {table}
    WHEN (SELECT foreign_keys FROM pragma_foreign_keys) <> 1
        OR (SELECT recursive_triggers FROM pragma_recursive_triggers) <> 1
        OR (SELECT ignore_check_constraints FROM pragma_ignore_check_constraints) <> 0
    BEGIN SELECT RAISE(ABORT, 'write through headgate: this connection has its guards off'); END;
