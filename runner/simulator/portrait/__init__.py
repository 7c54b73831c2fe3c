"""Drawn people: who they are (people), what a prompt asks for (scenes), and their pictures (draw).

``people`` and ``scenes`` read words and need nothing but the standard library; only ``draw`` and
``layers`` import Pillow. Everything is a pure function of its arguments: the same face in the same
scene is the same picture, on every machine. The art is data: ``layers`` holds picture files,
rendered from the SVG files in ``sources``.
"""
