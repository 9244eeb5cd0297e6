-- Nothing that was written is ever changed or removed, whoever asks; what a connection may
-- switch off is looked at by the triggers of sqlite_added.sql and sqlite_signed.sql.
CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_never_goes BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
