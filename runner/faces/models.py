"""Where the models lie, found without importing the package that ships them.

Importing it fails where ``pkg_resources`` is missing, and would read nothing else anyway.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from runner.extras import install_command

SIZE = "a download of about 105 MB, of which 32 MB are used"
"""What the extra brings; the largest part is a model for 68 landmarks, which is never loaded."""

LANDMARKS = "shape_predictor_5_face_landmarks.dat"
DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"
"""Both are free of restrictions; the 68-point model beside them is not, and is left alone."""


class ModelFiles(NamedTuple):
    """The two models that are loaded."""

    landmarks: Path
    descriptor: Path


def find_models() -> ModelFiles | None:
    """Return the models, or None where the extra is not installed."""
    if any(find_spec(name) is None for name in ("dlib", "numpy")):
        return None
    spec = find_spec("face_recognition_models")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        folder = Path(place) / "models"
        found = ModelFiles(folder / LANDMARKS, folder / DESCRIPTOR)
        if found.landmarks.is_file() and found.descriptor.is_file():
            return found
    return None


def explain_missing() -> str:
    """Return in one line what is missing, and what installs it."""
    return (
        "Measuring faces needs an extra that is not installed: "
        f"{install_command('faces')} ({SIZE})."
    )
