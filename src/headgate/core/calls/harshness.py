from headgate.core.evaluation.harshness import Harshness, harshness
__all__ = ["Harshness", "harshness"]
