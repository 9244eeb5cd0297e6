"""The fixed words of the report, one YAML file a language, with the same keys in each."""
