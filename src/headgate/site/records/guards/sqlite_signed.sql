-- Checkpoints are few, so each asks for every setting that the constraints rest on, and for what
-- makes REPLACE fire the triggers that refuse it; afterwards, so that a row which the constraints
-- refuse costs nothing.
CREATE TRIGGER checkpoint_is_guarded AFTER INSERT ON checkpoint
    WHEN (SELECT foreign_keys FROM pragma_foreign_keys) <> 1
        OR (SELECT recursive_triggers FROM pragma_recursive_triggers) <> 1
        OR (SELECT ignore_check_constraints FROM pragma_ignore_check_constraints) <> 0
    BEGIN SELECT RAISE(ABORT, 'write through headgate: this connection has its guards off'); END;
