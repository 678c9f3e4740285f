"""Where groups are made, by what the kernel says of this process: trees as they are on other machines."""

import os
from pathlib import Path

import pytest

from packager.errors import ToolError
from packager.tuning import cgroups, hierarchy
from packager.tuning.hierarchy import Place, places

BOTH: tuple[hierarchy.Controller, ...] = ("cpu", "memory")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is read in the place of /proc/self."""
    folder = tmp_path / "self"
    folder.mkdir()
    monkeypatch.setattr(hierarchy, "SELF", folder)
    return folder


def unified(kernel: Path, own: str) -> Path:
    """A machine with version 2, this process in the group ``own``."""
    root = kernel.parent / "cgroup"
    (root / own.strip("/")).mkdir(parents=True)
    (kernel / "mountinfo").write_text(f"31 23 0:28 / {root} rw,relatime shared:4 - cgroup2 cgroup2 rw\n")
    (kernel / "cgroup").write_text(f"0::{own}\n")
    return root


def group(folder: Path, *, hands_on: str = "", members: str = "") -> None:
    (folder / "cgroup.subtree_control").write_text(hands_on)
    (folder / "cgroup.procs").write_text(members)


def test_a_machine_without_groups_says_so_in_one_sentence(kernel: Path) -> None:
    with pytest.raises(ToolError, match="no control groups to set limits with"):
        places(BOTH)
    reason = cgroups.reason_for_none()
    assert reason is not None and reason.hint is not None and "Delegate=yes" in reason.hint


def test_takes_the_own_group_where_it_is_delegated(kernel: Path) -> None:
    root = unified(kernel, "/user.slice/run.scope")
    own = root / "user.slice" / "run.scope"
    group(own, members=str(os.getpid()))
    group(root / "user.slice", hands_on="cpu memory pids")
    group(root, hands_on="cpu memory pids")
    assert places(BOTH) == (Place(2, own, BOTH),)
    assert (own / "cgroup.subtree_control").read_text() == "+cpu +memory"


def test_goes_up_to_a_group_that_hands_the_controllers_on(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = unified(kernel, "/user.slice/shell.scope")
    group(root / "user.slice", hands_on="cpu memory pids")  # and our own has no files to write
    assert places(BOTH) == (Place(2, root / "user.slice", BOTH),)


def test_after_the_move_into_a_leaf_groups_stand_beside_it(kernel: Path) -> None:
    root = unified(kernel, "/run.scope/packager-itself")
    group(root / "run.scope", hands_on="cpu memory")
    group(root / "run.scope" / "packager-itself", members=str(os.getpid()))
    assert places(BOTH) == (Place(2, root / "run.scope", BOTH),)


def test_version_1_has_a_folder_for_each_controller(kernel: Path) -> None:
    root = kernel.parent / "cgroup"
    (root / "cpu" / "job").mkdir(parents=True)
    (root / "memory").mkdir()
    (kernel / "mountinfo").write_text(
        f"32 31 0:29 / {root}/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        f"35 31 0:32 /docker/abc {root}/memory rw - cgroup cgroup rw,memory\n"
    )
    (kernel / "cgroup").write_text("2:cpu,cpuacct:/job\n1:memory:/docker/abc\n")
    assert places(BOTH) == (
        Place(1, root / "cpu" / "job", ("cpu",)),
        Place(1, root / "memory", ("memory",)),
    )


def test_the_limits_of_version_2_are_written_in_its_own_files(kernel: Path) -> None:
    root = unified(kernel, "/run.scope")
    group(root / "run.scope", hands_on="cpu memory")
    with cgroups.limited(512):
        (made,) = (root / "run.scope").glob("packager-[0-9]*")
        assert (made / "cpu.max").read_text() == "5788 20000"
        assert (made / "cpu.weight").read_text() == "10000"
        assert (made / "memory.max").read_text() == str(512 << 20)
        for file in made.iterdir():
            file.unlink()  # the kernel's files go with their folder; these do not
    assert not made.exists()
