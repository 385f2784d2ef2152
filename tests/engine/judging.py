"""The interpreter, the explanation, the batch matcher and the narrowing by columns, held to one answer."""

from engine.document import Document
from engine.explain import explain
from engine.interpret import matches
from engine.matcher import Expression, Matcher
from engine.prefilter import columns_of, narrows_to, prefilter
from engine.tree import Tree


def judged(tree: Tree, event: bytes) -> bool:
    """Whether the tree is true of the event; fails when the ways to ask disagree."""
    document = Document.of(event)
    plain = matches(tree, document)
    assert explain(tree, document).held is plain
    assert bool(list(Matcher([Expression("rule", tree)]).match([("logs-x-default", event)]))) is plain
    assert not plain or narrows_to(prefilter(tree), columns_of(document))
    return plain
