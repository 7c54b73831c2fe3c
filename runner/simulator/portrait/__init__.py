"""Drawn people: who they are (people), what a prompt asks for (scenes), and the drawing itself.

``people`` and ``scenes`` read words and need nothing but the standard library; only ``draw`` and
what it uses import Pillow. Everything is a pure function of its arguments: the same face in the
same scene is the same picture, on every machine.
"""
