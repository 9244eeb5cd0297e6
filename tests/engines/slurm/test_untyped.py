"""What is promised of the `job_submit.lua` that an operator takes from the guide, as printed there.

A limit on a type of device is not applied to a job that names none: without the file an award runs
past its limit. With it, an award takes chips of its own class and no other's.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.core.enforcement.clusters.slurm import SlurmChip
from headgate.engines.drive import Enforced
from headgate.engines.slurm.names import standby_of
from tests.engines.slurm.site import Site
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape

GUIDE = Path(__file__).parents[3] / "docs" / "operating" / "slurm.md"
RATES = {"h200": 1, "b200": 2}
LIMIT = "gres/gpu:h200=4,gres/gpu:b200=4,gres/npu:rngd=4"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A Slurm with the guide's file, two types of GPU, an NPU, and an award of four of each."""
    found = re.search("```lua\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    kinds, users = ("h200", "b200", "npu:rngd"), ("alice",)
    shape = Shape(3, kinds=kinds, weights=RATES, users=users, submit_plugin=found[1])
    with slurm_or_skip(shape) as running:
        running.run("sacctmgr", "-i", "add", "account", "award", f"grptres={LIMIT}")
        running.run("sacctmgr", "-i", "add", "user", "alice", "account=award")
        yield running


def submit(lab: Lab, *options: str) -> str:
    """A job of `alice` that is held; its number. Raises where it is refused."""
    words = ("--parsable", "--hold", "--uid=alice", "-A", "award", "-t", "5", "-D", "/")
    return lab.run("sbatch", *words, "-o", "/dev/null", *options, "--wrap=sleep 60").strip()


def asked(lab: Lab, job: str) -> str:
    """The resources that a job's limits are held against."""
    told = lab.run("scontrol", "-o", "show", "job", job)
    return told.partition(" TRES=")[2].split()[0]


@pytest.mark.parametrize(
    "option",
    ["--gres=gpu:2", "--gpus=2", "--gpus-per-node=2", "--gpus-per-task=2", "--gres=gpu:b200:2"],
)
def test_a_job_that_names_no_type_gets_its_partitions(lab: Lab, option: str) -> None:
    """However devices are asked for, they are counted under their type."""
    assert "gres/gpu:b200=2" in asked(lab, submit(lab, "-p", "b200", "-n1", option))


@pytest.mark.parametrize(("kind", "rate"), RATES.items())
@pytest.mark.parametrize("typed", [True, False])
def test_a_job_is_billed_by_the_rates_of_the_policy(
    lab: Lab, kind: str, rate: int, *, typed: bool
) -> None:
    """Fair-share between sectors counts what a GPU of each class is worth, by the guide's line."""
    weight = (
        f"PartitionName=b200 Nodes=... TRESBillingWeights=CPU=0,GRES/gpu={1000 * RATES['b200']}"
    )
    assert weight in GUIDE.read_text(encoding="utf-8")
    option = f"--gres=gpu:{kind}:3" if typed else "--gres=gpu:3"
    assert f"billing={3 * 1000 * rate}," in f"{asked(lab, submit(lab, '-p', kind, option))},"


@pytest.mark.parametrize("option", ["--gres=npu:2", "--gres=npu:rngd:2"])
def test_a_device_of_another_name_is_counted_under_its_type(lab: Lab, option: str) -> None:
    """NPUs are limited as GPUs are."""
    assert "gres/npu:rngd=2" in asked(lab, submit(lab, "-p", "rngd", option))


@pytest.mark.parametrize("name", ["gpu", "npu"])
def test_a_device_that_a_partition_does_not_have_is_not_named_for_it(lab: Lab, name: str) -> None:
    """Nothing is guessed: whoever asks for what is elsewhere reads what to write."""
    partition = {"gpu": "rngd", "npu": "h200"}[name]
    with pytest.raises(subprocess.CalledProcessError) as refused:
        submit(lab, "-p", partition, f"--gres={name}:1")
    assert f"name the type: --gres={name}:TYPE:N" in refused.value.stderr


@pytest.mark.parametrize("partition", ["main", "h200,b200"])
def test_where_a_partition_has_several_types_one_must_be_named(lab: Lab, partition: str) -> None:
    """The job is refused and its owner reads what to write."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        submit(lab, "-p", partition, "--gpus=1")
    assert "name the type: --gres=gpu:TYPE:N" in refused.value.stderr
    assert "gres/gpu:h200=1" in asked(lab, submit(lab, "-p", partition, "--gpus=h200:1"))


def test_a_job_that_waits_is_not_changed_past_its_limit(lab: Lab) -> None:
    """Devices added to a job that waits count under their type, so that the limit holds."""
    job, unsure = submit(lab, "-p", "h200"), submit(lab, "-p", "main")
    more = ("scontrol", "--uid=alice", "update", "gres=gpu:8")
    lab.run(*more, f"jobid={job}")
    assert "gres/gpu:h200=8" in asked(lab, job)
    lab.run("scontrol", "release", job)
    show = ("squeue", "-h", "-j", job, "-o", "%T %r")
    lab.wait(lambda: "None" not in lab.run(*show), "a reason to wait")
    assert "PENDING AssocGrpGRES" == lab.run(*show).strip()
    with pytest.raises(subprocess.CalledProcessError):
        lab.run(*more, f"jobid={unsure}")


@pytest.mark.parametrize(
    ("partition", "asked_for"), [("b200", "gpu:b200:1"), ("b200", "gpu:1"), ("rngd", "npu:rngd:1")]
)
def test_an_award_takes_no_chips_of_another_class(
    site: Site, partition: str, asked_for: str
) -> None:
    """Its budget counts its own class alone, so that any other would be free and without an end."""
    kinds = {"h200": "gpu:h200", "b200": "gpu:b200", "rngd": "npu:rngd"}
    chips = {name: SlurmChip(gres=gres) for name, gres in kinds.items()}
    all_kinds = replace(site, section=site.section.model_copy(update={"chips": chips}))
    orders = [all_kinds.order("a"), all_kinds.order("b", support_class="rngd", gpus_most=None)]
    assert Enforced.CONVERGED is all_kinds.enforce(orders).outcome
    account, other = all_kinds.account("a"), ("-p", partition, f"--gres={asked_for}")
    for name in (account, standby_of(account)):
        assert "AssocGrpGRES" in all_kinds.refused(name, *other)
    all_kinds.until(all_kinds.submit(account, "-p", "h200"), "%T", "RUNNING")
    assert Enforced.NOTHING_TO_DO is all_kinds.enforce(orders).outcome
