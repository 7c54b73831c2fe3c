"""Portraits: who is drawn, in what and where, and that the same request is the same picture."""

import io
import itertools
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from runner.simulator import pictures
from runner.simulator.pictures import draw_plain
from runner.simulator.portrait import __main__ as tool
from runner.simulator.portrait import carried, draw, layers, people, scenes, words
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.scenes import Scene
from runner.simulator.portrait.study import study_tones
from tests.simulator.client import MakeSimulator, SimulatorClient

ASSETS = Path(__file__).parents[2] / "manifests" / "assets"
WHO = ("woman", "man")
SIZE = (192, 256)


def somebody(seed: int, text: str = "") -> Face:
    return people.invent_face(sha256(str(seed).encode()).digest(), text)


def difference(
    one: Image.Image, other: Image.Image, box: tuple[float, float, float, float]
) -> float:
    """Return how different two pictures are inside a box (shares of their size), 0 to 1."""
    width, height = one.size
    area = (
        round(box[0] * width),
        round(box[1] * height),
        round(box[2] * width),
        round(box[3] * height),
    )
    gap = ImageChops.difference(one.crop(area), other.crop(area)).convert("L")
    values = gap.tobytes()
    return sum(values) / len(values) / 255


EYES_AND_NOSE = (0.42, 0.33, 0.58, 0.44)
CORNER = (0.0, 0.0, 0.2, 0.25)
CHEST = (0.3, 0.8, 0.7, 1.0)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (
            "Wearing a navy blazer, modern office",
            {"garment": "blazer", "colour": "#24365c", "setting": "office"},
        ),
        (
            "cream linen suit on a rainy street at dusk",
            {"garment": "suit", "setting": "street", "light": "dusk", "weather": "rain"},
        ),
        (
            "White lab coat in a kitchen",
            {"garment": "labcoat", "colour": "#f2f1ee", "setting": "kitchen"},
        ),
        ("black evening gown on a stage", {"garment": "gown", "setting": "stage", "light": ""}),
        (
            "A beige trench coat over a red dress",
            {"garment": "trench", "colour": "#d6c4a6", "accent": "#b53a3a"},
        ),
        ("light blue shirt and tie", {"garment": "shirt-tie", "colour": "#9cc3e4"}),
        (
            "laughing in a park, golden hour",
            {"expression": "laugh", "setting": "park", "light": "golden"},
        ),
        (
            "the same office at night, city lights behind the window",
            {"setting": "office", "light": "night"},
        ),
        ("close-up, white background, arms crossed", {"setting": "studio"}),
        ("wide banner of a mountain trail", {"setting": "mountains", "format": "landscape"}),
        ("brown hair, green sweater", {"garment": "sweater", "colour": "#4a8559"}),
        (
            "nothing that anybody knows",
            {"garment": "", "setting": "", "light": "", "expression": ""},
        ),
    ],
)
def test_the_words_of_a_prompt_decide_what_is_drawn(prompt: str, expected: dict[str, str]) -> None:
    scene = scenes.read_scene(prompt)
    assert {name: getattr(scene, name) for name in expected} == expected


def test_what_a_prompt_does_not_mention_stays_as_in_the_referenced_look() -> None:
    base = scenes.read_scene("navy blazer, modern office, smile")
    night = scenes.read_scene("the same office at night", before=base)
    assert (night.garment, night.colour, night.setting) == ("blazer", "#24365c", "office")
    assert (night.light, night.expression) == ("night", "")
    beach = scenes.read_scene("a yellow dress at the beach", before=night)
    assert (beach.garment, beach.setting, beach.light) == ("dress", "beach", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "man in his 60s, grey beard",
            {"woman": False, "age": 62, "beard": "full", "hair": "#9a9ba0"},
        ),
        ("Professional woman in her 40s", {"woman": True, "age": 40, "beard": "none"}),
        (
            "young woman with long curly red hair and glasses",
            {"woman": True, "age": 20, "style": "curly", "hair": "#a8492b"},
        ),
        ("bald man, clean-shaven", {"woman": False, "style": "bald", "beard": "none"}),
        ("man with long brown hair", {"woman": False, "style": "long", "hair": "#5b3b28"}),
        ("a blonde actress with a bun", {"woman": True, "hair": "#cfa464", "style": "bun"}),
    ],
)
def test_words_about_the_person_shape_a_new_face(text: str, expected: dict[str, object]) -> None:
    for seed in range(5):
        face = somebody(seed, text)
        assert {name: getattr(face, name) for name in expected} == expected


def test_faces_differ_from_each_other() -> None:
    faces = [somebody(seed) for seed in range(200)]
    assert len(set(faces)) == 200
    alike = sum(
        one.style == other.style and one.skin == other.skin and one.hair == other.hair
        for one, other in itertools.combinations(faces[:60], 2)
    )
    assert alike < 12


def test_a_new_face_is_chosen_to_be_told_apart() -> None:
    known = [somebody(seed) for seed in range(3)]
    candidates = [*known, somebody(50)]
    assert people.choose_distinct(candidates, known) == somebody(50)
    assert people.choose_distinct(candidates, []) == candidates[0]


def test_a_face_and_a_scene_survive_their_text() -> None:
    for seed in range(50):
        face = somebody(seed)
        assert people.decode_face(face.encode()) == face
    scene = scenes.read_scene(
        "navy blazer, snowy street at night, laughing, square, plants", tint="#abcdef"
    )
    assert scenes.decode_scene(scene.encode()) == scene


@pytest.mark.parametrize(
    "wrong",
    ["", "7", "{}", "[]", '{"garment":"rm -rf"}', '{"tint":"red"}', '{"x":1}', '{"variety":"1"}'],
)
def test_a_text_that_is_no_scene_is_refused(wrong: str) -> None:
    if wrong == "{}":
        assert scenes.decode_scene(wrong) == Scene()
    else:
        with pytest.raises(ValueError, match=r".+"):
            scenes.decode_scene(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("skin", "red"),
        ("style", "wig"),
        ("woman", 1),
        ("age", 300),
        ("mole", 9),
        ("width", 9.0),
        ("width", "1"),
    ],
)
def test_a_text_that_is_no_face_is_refused(name: str, value: object) -> None:
    traits = {**json.loads(somebody(1).encode()), name: value}
    with pytest.raises(ValueError, match="not a face"):
        people.decode_face(json.dumps(traits))


def files_of_layers() -> set[str]:
    folder = Path(layers.__file__).parent / "layers"
    return {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.webp")}


def test_every_layer_has_its_place_and_every_place_its_layer() -> None:
    index = json.loads((Path(layers.__file__).parent / "layers" / "index.json").read_text("utf-8"))
    assert {name for name in files_of_layers() if not name.startswith("settings/")} == set(index)


def test_every_word_of_the_vocabulary_can_be_drawn() -> None:
    names = {f"garment-{garment}/{who}" for garment in words.GARMENTS.entries for who in WHO}
    names |= {
        f"settings/{setting}-{form}-{light}"
        for setting in set(words.SETTINGS.entries) - {"studio"}
        for form in ("portrait", "landscape")
        for light in ("day", *words.LIGHTS.entries)
    }
    names |= {f"hair-front/{style}" for style in people.CHOICES["style"]}
    for who in WHO:
        for mien, mouth in draw.MOUTHS.items():
            names |= {f"eyes/{eyes}-{mien or 'calm'}-{who}" for eyes in people.EYES}
            names |= {f"brows/{brows}-{mien or 'calm'}-{who}" for brows in people.BROWS}
            names |= {f"mouths/{shape}-{mouth}-{who}" for shape in people.MOUTHS}
        names |= {f"head/{shape}-{who}" for shape in people.SHAPES}
    names |= {f"beards/{b}-{s}" for b in words.BEARDS.entries for s in people.SHAPES if b != "none"}
    assert not names - files_of_layers()
    assert set(words.EXPRESSIONS.entries) < set(draw.MOUTHS)


@pytest.mark.slow
def test_every_garment_setting_light_style_and_expression_is_drawn() -> None:
    garments, settings = (itertools.cycle(t.entries) for t in (words.GARMENTS, words.SETTINGS))
    lights, miens = itertools.cycle(("", *words.LIGHTS.entries)), itertools.cycle(draw.MOUTHS)
    beards, poses = itertools.cycle(words.BEARDS.entries), itertools.cycle(draw.CROPS)
    styles = sorted(people.CHOICES["style"]) * 2
    seen = set()
    for index, style in enumerate(styles):
        face = replace(somebody(index), style=style, beard=next(beards))
        scene = Scene(
            garment=next(garments),
            setting=next(settings),
            light=next(lights),
            expression=next(miens),
            pose="arms-crossed" if index % 7 == 0 else next(poses),
            weather=("", "rain", "snow")[index % 3],
            tint=("", "#c9714f")[index % 2],
            plants=index % 4 == 0,
        )
        seen.add(draw.picture(face, scene, SIZE).tobytes())
    assert len(seen) == len(styles)


def test_the_same_face_in_the_same_scene_is_the_same_picture() -> None:
    face, scene = somebody(3), scenes.read_scene("navy blazer, office")
    assert draw.jpeg(face, scene) == draw.jpeg(face, scene)
    with Image.open(io.BytesIO(draw.jpeg(face, scene))) as image:
        assert (image.format, image.size) == ("JPEG", scene.size)


def test_a_kept_face_is_seen_at_once_and_so_is_a_new_one() -> None:
    kept, new = somebody(1, "woman, fair skin, blonde hair"), somebody(2, "man, dark skin, beard")
    office, street = (
        scenes.read_scene("navy blazer, office"),
        scenes.read_scene("red hoodie, street at night"),
    )
    office, street = replace(office, variety=0), replace(street, variety=0)
    first = draw.picture(kept, office, SIZE)
    second = draw.picture(kept, street, SIZE)
    other = draw.picture(new, office, SIZE)
    assert difference(first, second, EYES_AND_NOSE) < 0.12 < difference(first, other, EYES_AND_NOSE)
    assert difference(first, second, CORNER) > 0.1 > difference(first, other, CORNER)
    assert difference(first, second, CHEST) > 0.1


def test_a_drawn_picture_comes_back_as_the_same_person() -> None:
    face, scene = somebody(5), scenes.read_scene("navy blazer, office")
    for content in (draw.png(face, scene, (64, 64)), draw.jpeg(face, scene)):
        assert carried.read_carried(content) == (face, scene)
    assert carried.read_carried(draw_plain("x")) is None
    assert carried.read_carried(b"\xff\xd8\xff\xfe\x00\x09{nope}") is None
    assert carried.read_carried(b"") is None


def test_the_demos_pictures_are_drawn_by_this_code() -> None:
    for path, content in tool.draw_demo(ASSETS).items():
        with Image.open(io.BytesIO(content)) as drawn, Image.open(path) as kept:
            assert (drawn.size, drawn.info) == (kept.size, kept.info)
            assert difference(drawn.convert("RGB"), kept.convert("RGB"), (0, 0, 1, 1)) < 0.01
    with Image.open(ASSETS / "sarah.png") as photo:
        assert min(photo.size) >= 1024
    sarah = carried.read_carried((ASSETS / "sarah.png").read_bytes())
    assert sarah is not None
    assert sarah[0] == tool.SARAH


def test_a_photo_of_anybody_is_looked_at_for_its_tones() -> None:
    photo = draw.picture(
        somebody(4, "man, dark skin, blonde hair"), Scene(pose="photo"), (512, 512)
    )
    out = io.BytesIO()
    photo.save(out, "PNG")
    seen = study_tones(out.getvalue())
    assert seen is not None
    assert seen.skin is not None
    assert int(seen.skin[1:3], 16) < 150
    assert study_tones(b"no picture") is None
    assert study_tones(out.getvalue()[:2000]) is None
    grey = io.BytesIO()
    Image.new("RGB", (600, 600), "#808080").save(grey, "JPEG")
    seen = study_tones(grey.getvalue())
    assert seen is not None
    assert seen.skin is None


async def shown(simulator: SimulatorClient, look: dict[str, str]) -> Image.Image:
    answer = await simulator.get(look["preview_image_url"])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.anyio
@pytest.mark.slow
async def test_looks_on_the_demos_photo_show_its_face(make: MakeSimulator) -> None:
    simulator = make(pictures=True)
    asset = await simulator.asset((ASSETS / "sarah.png").read_bytes())
    base = await simulator.finished(type="photo", file={"type": "asset_id", "asset_id": asset})
    look = await simulator.finished(avatar_id=base["id"], prompt="red hoodie, beach")
    chained = await simulator.finished(avatar_id=look["id"], prompt="green sweater, sunny park")
    alone = await simulator.finished(
        avatar_group_id=base["group_id"], prompt="man in a red hoodie, beach"
    )
    images = [await shown(simulator, each) for each in (look, chained, alone)]
    assert images[0].size == (look["image_width"], look["image_height"])
    kept = difference(images[0], images[1], EYES_AND_NOSE)
    assert kept * 2 < difference(images[0], images[2], EYES_AND_NOSE)
    again = await simulator.get(look["preview_image_url"])
    assert again.content == (await simulator.get(look["preview_image_url"])).content


@pytest.mark.anyio
async def test_pictures_off_serves_tiny_images_that_differ(make: MakeSimulator) -> None:
    simulator = make()
    looks = [await simulator.finished(name=str(index)) for index in range(2)]
    contents = [(await simulator.get(look["preview_image_url"])).content for look in looks]
    assert contents[0] != contents[1]
    for content in contents:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert (image.format, image.size) == (
                "PNG",
                (looks[0]["image_width"], looks[0]["image_height"]),
            )
        assert len(content) < 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text", ["{}", "[1]", "null", '{"face":1,"scene":2}', "x" * 5000, '{"face":"{}","scene":"{}"}']
)
async def test_a_photo_that_carries_nonsense_is_just_a_photo(
    make: MakeSimulator, text: str
) -> None:
    info = PngInfo()
    info.add_text(carried.FIELD, text)
    info.add_text(carried.PALETTE, text)
    out = io.BytesIO()
    Image.new("L", (512, 512), 128).save(out, "PNG", pnginfo=info)
    simulator = make(pictures=True)
    asset = await simulator.asset(out.getvalue())
    look = await simulator.finished(type="photo", file={"type": "asset_id", "asset_id": asset})
    assert (await shown(simulator, look)).size == (768, 1024)


def test_the_tool_draws_one_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "person.png"
    assert tool.main(["person", str(out), "woman in her 30s, navy blazer, office"]) == 0
    assert str(out) in capsys.readouterr().out
    assert carried.read_carried(out.read_bytes()) is not None


def test_drawn_pictures_are_cached_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "CACHE_BYTES", 100)
    cache = pictures.Pictures(drawn=True)
    for index in range(5):
        cache.keep(f"face {index}", "scene", bytes(40))
        cache.cached("face 0", "scene")
    kept = [index for index in range(5) if cache.cached(f"face {index}", "scene")]
    assert kept == [0, 4]
