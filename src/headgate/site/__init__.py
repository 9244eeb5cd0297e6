"""The programme kept in a database: the only part of the house that knows Django."""
