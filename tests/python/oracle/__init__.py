"""A slow and obvious reading of the rules, to check the warehouse against.

Everything here is counted day by day with sets of days, from the words of the rules alone: no
interval algebra, no SQL. It takes extracts (lists of rows with text values, as in the files) and an
as-of day, and tells every exception and the main figures of the marts. `test_rules_random.py` asks
that it agrees with the warehouse on hundreds of random markets.
"""

from oracle.evaluate import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
