"""The pages on which people do what the actions of the desk are for."""
