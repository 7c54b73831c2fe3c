"""A local stand-in for HeyGen's v3 API: free, strict, deterministic, and the judge in every test.

It imports nothing from the rest of the product, so that a client and its stand-in cannot share a
mistake. ``runner.simulator.settings`` says what can be chosen, ``runner.simulator.app`` is the ASGI
application, ``runner.simulator.server`` puts it on a loopback port. Importing this package is
cheap.
"""
