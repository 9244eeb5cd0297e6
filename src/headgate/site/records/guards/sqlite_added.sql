-- A row is added only where nothing is switched off that the constraints rest on. To ask SQLite for
-- a setting takes as long as to add a row, so one alone is asked for. The row that no checkpoint can
-- be is ignored where constraints hold; where they are ignored it is added, and its own trigger
-- refuses it. REPLACE meets the constraint too: SQLite lends its way of settling conflicts to what
-- its triggers do, and a constraint that fails has nothing to replace.
CREATE TRIGGER {table}_is_guarded BEFORE INSERT ON {table}
    BEGIN INSERT OR IGNORE INTO checkpoint VALUES (-1, -1, '', ''); SELECT
        RAISE(ABORT, 'write through headgate: this connection has its guards off')
        WHERE (SELECT foreign_keys FROM pragma_foreign_keys) <> 1; END;
