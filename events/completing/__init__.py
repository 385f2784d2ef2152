"""What could stand where the cursor is: names of fields, operators, values that were seen, words of the language.

`standing` finds out where the cursor stands in a text that is mostly not finished yet; `offers` says what fits there,
from the known fields and from a short look at the newest events; `unknown_fields` which of those that a text asks for
nothing has; of alerts, whoever keeps them tells the values that
their columns have.
"""

from events.completing.offering import offers, values_of_alerts
from events.completing.standing import Language, Wanted, standing
from events.completing.unknown import Unknown, unknown_fields

__all__ = ["Language", "Unknown", "Wanted", "offers", "standing", "unknown_fields", "values_of_alerts"]
