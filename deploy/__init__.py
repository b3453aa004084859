"""From a clone to a running portal: embedded services, the demo, and the supervision that both the demo and tests use.

Nothing here imports the houses; the portal is started as the processes that a deployment would start.
"""
