"""Measuring faces, on this machine alone: dlib and its models, which the extra ``faces`` installs.

Nothing here is imported by a command that measures nothing, and without the extra everything else
works. ``runner.policy.likeness`` says what follows from a measure.
"""
