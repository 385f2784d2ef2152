"""What several events make together: sequences, samples, groups that grow large enough, events that meet an indicator.

The pass over events says which event a rule's parts let in (`engine.plan.parts_of`). From each such event
`candidates_of` makes what is kept of it: its keys, its place in time and a reference. The joins here work on nothing
else, so candidates may be stored, their keys hashed (`key_hash`), and joined again later over the window that counts.
What is found depends on the set of candidates only, never on the order in which they arrived.

Everything is n log n in the candidates; nothing multiplies alternatives. A caller that hands over `check` is called
back every thousand candidates or so and may raise, to stop a join that costs too much.
"""

from engine.joining.candidates import Candidate, Check, Order, candidates_of, order_of
from engine.joining.indicators import Met, meet
from engine.joining.keys import Key, key_hash, key_text
from engine.joining.matches import Joining, Match
from engine.joining.thresholds import Group, group
from engine.joining.together import join, settle

__all__ = [
    "Candidate",
    "Check",
    "Group",
    "Joining",
    "Key",
    "Match",
    "Met",
    "Order",
    "candidates_of",
    "group",
    "join",
    "key_hash",
    "key_text",
    "meet",
    "order_of",
    "settle",
]
