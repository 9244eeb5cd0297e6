"""`make lab`: a private Slurm for whoever wants to play, until Ctrl-C."""

import argparse
import re
import shutil
import signal
import sys
import time
from typing import Final

from tests.servers.slurm import DidNotStart, Lab, Shape, Unavailable, private_slurm
from tests.servers.slurm_files import KIND, device

USER: Final = re.compile("[a-z][a-z0-9_-]*")


def _how_to(lab: Lab, seconds: float) -> str:
    """What whoever wants to play reads first."""
    gpus = 8 * (lab.shape.nodes + lab.shape.ghosts)
    chips = [":".join(device(kind)) for kind in lab.shape.kinds]
    told = [
        f"Slurm with {gpus:,} made-up GPUs after {seconds:.1f} s",
        f"reach it     export PATH={lab.programs}:$PATH; then sinfo, sbatch, sacct, ...",
        f"run a job    sbatch --gres={chips[0]}:8 -D / -o /dev/null --wrap 'sleep 60'",
    ]
    if len(chips) > 1:
        told.append(f"its chips    {', '.join(chips)}: each type is a partition too")
    if lab.shape.rest:
        given = '-H "X-SLURM-USER-NAME: root" -H "X-SLURM-USER-TOKEN: $SLURM_JWT"'
        told += [
            "its REST     export $(scontrol token lifespan=86400)",
            f"             curl --unix-socket {lab.folder}/rest/socket {given} \\",
            "             http://localhost/slurm/v0.0.38/ping",
        ]
    return "\n".join([*told, "stop it      Ctrl-C", ""])


def _shape(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> Shape:
    """The lab that was asked for; ends the program where there can be none."""
    kinds, users = (tuple(filter(None, told.split(","))) for told in (chosen.chips, chosen.users))
    types = [device(kind)[1] for kind in kinds]
    if wrong := [kind for kind in kinds if not KIND.fullmatch(kind)]:
        parser.error(f"--chips: {wrong[0]!r} is no type as h200, nor a GRES and type as npu:rngd")
    if len({*types, "main"}) != len(types) + 1 or not 0 < len(types) <= chosen.nodes:
        parser.error("--chips: name each type once, none of them main, and no more than --nodes")
    if wrong := [user for user in users if not USER.fullmatch(user)]:
        parser.error(f"--users: {wrong[0]!r} is no login")
    ghosts = max(0, -(-chosen.gpus // 8) - chosen.nodes)
    rest = shutil.which("slurmrestd") is not None
    return Shape(
        chosen.nodes, ghosts=ghosts, kinds=kinds, users=users, rest=rest, clock=chosen.clock
    )


def main() -> None:
    """Keep a lab for whoever wants to play, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A private Slurm, until Ctrl-C.")
    parser.add_argument("--nodes", type=int, default=8, help="real nodes of 8 GPUs (8)")
    parser.add_argument("--gpus", type=int, default=64, help="GPUs in all, by ghost nodes (64)")
    parser.add_argument("--clock", default="", help='an offset to now, as "+183d"')
    parser.add_argument("--chips", default="h200", help="their types (h200): h200,mi250x,npu:rngd")
    parser.add_argument("--users", default="", help="who may be named to sbatch --uid: minh,jiwoo")
    shape = _shape(parser.parse_args(), parser)
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.default_int_handler)
    begun = time.monotonic()
    try:
        with private_slurm(shape) as lab:
            sys.stdout.write(_how_to(lab, time.monotonic() - begun))
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write("the lab is gone\n")
    except (Unavailable, DidNotStart) as error:
        raise SystemExit(f"lab: {error}") from None


if __name__ == "__main__":
    main()
