"""Running evaluations: a suite on the models of teams, as shards on a cluster or here, signed."""
