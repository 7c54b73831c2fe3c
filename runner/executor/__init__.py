"""Execution: the effects of a plan, behind small protocols (``runner.executor.ports``).

Knows the pure half and its own protocols; never HTTP, never SQL.
"""
