"""Run with an interpreter that has Ray: a cluster of two nodes on loopback, until standard input ends.

It prints the address. Of the line "lose" it kills the second node, of "add" it starts another one; each is
answered by a line. However it ends, all that it started is ended with it, whatever process that belongs to.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

SUBREAPER = 36
LOOPBACK = "127.0.0.2"
"""Ray takes 127.0.0.1 in an address for the machine's own, where a cluster on loopback does not listen."""
NODE = {"num_cpus": 1, "node_ip_address": LOOPBACK, "object_store_memory": 80 << 20}


def main() -> None:
    """Orphans of nodes that were killed become this process's own children, which it finds by their ids."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        serve()
    finally:
        end_all()


def serve() -> None:
    """Both nodes, and what is asked of them."""
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    second = cluster.add_node(**NODE)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "lose":
            cluster.remove_node(second, allow_graceful=False)
        else:
            second = cluster.add_node(**NODE)
        print("done", flush=True)


def below(root: int) -> set[int]:
    """The processes under this one."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(place.name)] = int((place / "stat").read_bytes().rpartition(b") ")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def end_all() -> None:
    """Kill every process under this one until there is none."""
    deadline = time.monotonic() + 20
    while (left := below(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.02)


if __name__ == "__main__":
    main()
