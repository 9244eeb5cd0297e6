"""Numbered shards and what carries them: their K/N, scripts for clusters, processes at hand."""

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from headgate.core.enforcement.engine import Array, EngineDown, ShardState
from headgate.core.faults import Fault, Faulty

SHARDS_MOST: Final = 10_000
_PROGRAM: Final = "from headgate.cli import main; main()"


def shard_of(word: str) -> tuple[int, int]:
    """K and N of a word K/N; raises `Faulty`."""
    parts = word.split("/")
    whole = len(parts) == 2 and all(p.isascii() and p.isdecimal() and len(p) < 6 for p in parts)
    k, n = map(int, parts) if whole else (0, 0)
    if not 1 <= k <= n <= SHARDS_MOST:
        what, mend = f"{word[:40]!r} is no shard", "write K/N, such as 3/10, with K from 1 to N"
        raise Faulty([Fault(word[:40], 0, 0, "shard-unknown", what, mend)])
    return k, n


def slurm_script(array: Array, options: Sequence[str] = ()) -> str:
    """The batch script of an array, with further words of sbatch."""
    said = {"@OPTIONS@": "".join(f"#SBATCH {word}\n" for word in options), "@NAME@": array.name}
    return _filled(_SLURM, array, shlex.quote(array.folder), said)


def write_templates(array: Array, out: Path) -> None:
    """Write what a cluster is given into a folder: a Slurm script, an Indexed Job of Kubernetes."""
    (out / "slurm.sh").write_text(slurm_script(array), encoding="utf-8")
    job = _filled(_KUBERNETES, array, "/work", {"@NAME@": array.name})
    (out / "kubernetes.yaml").write_text(job, encoding="utf-8")
    script = out / "slurm.sh"
    script.chmod(script.stat().st_mode | stat.S_IXUSR)


def _filled(text: str, array: Array, folder: str, said: Mapping[str, str]) -> str:
    words = shlex.join(array.words)
    known = {"@SHARDS@": str(array.shards), "@FOLDER@": folder, "@WORDS@": words, **said}
    for name, value in known.items():
        text = text.replace(name, value)
    return text


@dataclass(slots=True)
class Here:
    """The machine at hand: each shard is a process of its own, which ends with whoever waits.

    The processes of one array run beside each other, so an array has as many shards as there shall
    be processes.
    """

    running: dict[str, dict[int, "subprocess.Popen[bytes]"]] = field(default_factory=dict)

    def submit(self, array: Array) -> None:
        """Start every shard; raises EngineDown where the machine refuses a process."""
        if self.shards(array):
            return
        own = self.running[array.name] = {}
        for number in range(1, array.shards + 1):
            words = (*array.words, f"{number}/{array.shards}", array.folder)
            log = Path(array.folder) / "logs" / f"{number}.txt"
            try:
                with log.open("wb") as file:
                    own[number] = subprocess.Popen(
                        [sys.executable, "-c", _PROGRAM, *words],
                        stdin=subprocess.DEVNULL,
                        stdout=file,
                        stderr=subprocess.STDOUT,
                        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    )
            except OSError as error:
                raise EngineDown(f"shard {number}: {error.strerror}") from error

    def shards(self, array: Array) -> Mapping[int, ShardState]:
        """The shards whose processes have not ended."""
        own = self.running.get(array.name, {})
        return {number: ShardState.RUNNING for number, one in own.items() if one.poll() is None}

    def end(self) -> None:
        """End every process that was started and wait for it; what is done is kept."""
        live = [one for own in self.running.values() for one in own.values() if one.poll() is None]
        for one in live:
            one.terminate()
        for one in live:
            one.wait()


_SLURM: Final = """\
#!/bin/sh
#SBATCH --job-name=@NAME@
#SBATCH --array=1-@SHARDS@
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --output=/dev/null
@OPTIONS@\
# A shard that ran out of time goes on where it stopped when it is submitted again.
cd @FOLDER@ || exit
exec headgate @WORDS@ "$SLURM_ARRAY_TASK_ID/@SHARDS@" . >"logs/$SLURM_ARRAY_TASK_ID.txt" 2>&1
"""
_KUBERNETES: Final = """\
apiVersion: batch/v1
kind: Job
metadata:
  generateName: @NAME@-
spec:
  completionMode: Indexed
  completions: @SHARDS@
  parallelism: @SHARDS@
  backoffLimit: 6
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: shard
          image: headgate
          command: ["sh", "-c"]
          args:
            - exec headgate @WORDS@ "$((JOB_COMPLETION_INDEX + 1))/@SHARDS@" /work
          resources:
            requests: {cpu: "1", memory: 2Gi}
          volumeMounts:
            - {name: work, mountPath: /work}
      volumes:
        - name: work
          persistentVolumeClaim: {claimName: @NAME@}
"""
