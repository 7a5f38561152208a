# SPDX-License-Identifier: Apache-2.0
"""Strongly connected components, for cycles and for the order of definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node")


def components(nodes: Iterable[Node], edges: Callable[[Node], Iterable[Node]]) -> Iterator[list[Node]]:
    """The components, what is pointed to first, each as soon as it is known; its first node is the one met first.

    Tarjan's algorithm without recursion, so that a long chain does not overflow anything.
    """
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_nodes: dict[Node, None] = {}
    for root in nodes:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        open_nodes[root] = None
        work = [(root, iter(edges(root)))]
        while work:
            node, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    yield _close(open_nodes, node)
            elif target not in index:
                index[target] = low[target] = len(index)
                open_nodes[target] = None
                work.append((target, iter(edges(target))))
            elif target in open_nodes:
                low[node] = min(low[node], index[target])


def _close(open_nodes: dict[Node, None], first: Node) -> list[Node]:
    """Take `first` and everything after it from the open nodes."""
    group = []
    while not group or group[-1] is not first:
        group.append(open_nodes.popitem()[0])
    return group[::-1]
