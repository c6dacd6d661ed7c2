"""Whether a document can be validated in good time, found out before that.

Validation compares every two fields that stand in the same place of the answer under the same name, and thinks nothing
of there being a million such pairs: within 2,000 tokens it takes half a second that way, for anybody, token or not.
"""

from collections import defaultdict
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.errors import Code, Fault

MOST_PAIRS: Final = 2_000
"""Fields that thirty fragments have in common, twice; to compare them takes some 20 ms."""
MOST_SELECTIONS: Final = 20_000
"""That are looked at, those of a fragment each time; takes some 10 ms."""

_Merged = list[SelectionSetNode]


class TooRepetitive(Fault):
    code = Code.GRAPHQL_VALIDATION_FAILED


def check_repetition(document: DocumentNode) -> None:
    """TooRepetitive where validation would take too long. The document need not be valid."""
    definitions = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    unmerged: list[_Merged] = [[node.selection_set] for node in (*definitions, *fragments.values())]
    looked_at = pairs = 0
    while unmerged:
        by_name: dict[str, _Merged] = defaultdict(list)
        spread: set[str] = set()
        number: dict[str, int] = defaultdict(int)
        unread = unmerged.pop()
        while unread:
            for selection in unread.pop().selections:
                looked_at += 1
                match selection:
                    case FieldNode():
                        name = (selection.alias or selection.name).value
                        pairs += number[name]
                        number[name] += 1
                        if selection.selection_set:
                            by_name[name].append(selection.selection_set)
                    case InlineFragmentNode():
                        unread.append(selection.selection_set)
                    case FragmentSpreadNode() if selection.name.value not in spread:
                        spread.add(selection.name.value)
                        if fragment := fragments.get(selection.name.value):
                            unread.append(fragment.selection_set)
            if pairs > MOST_PAIRS or looked_at > MOST_SELECTIONS:
                raise TooRepetitive(
                    "The document names the same fields in the same place, or spreads the same fragments, too often: "
                    "do each once."
                )
        unmerged.extend(by_name.values())
