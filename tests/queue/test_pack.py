"""What travels with a run, and what cannot."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.cli.request import load_campaign
from runner.errors import UsageError
from runner.plan import plan
from runner.plan.request import BasketItem, Errand, Request
from runner.plan.saved_plan import serialize_plan
from runner.queue.pack import Pack, explain_unpackable, list_files, pack_run
from runner.store.port import NamedStore
from runner.takes import Account, Snapshot
from tests.manifest.test_images import picture

ME = Account("api.example", "me")
PICTURE = picture("PNG", 600, 600)
MANIFEST = """\
version: 1
campaign: spring
base: {{name: Sarah, photo: {photo}}}
looks:
  blazer: {{prompt: "Wearing a navy blazer, modern office, morning light"}}
"""


def write(folder: Path, photo: str) -> Request:
    folder.mkdir(exist_ok=True)
    path = folder / "spring.yaml"
    path.write_text(MANIFEST.format(photo=photo))
    return Request(
        path,
        variables=(("season", "spring"),),
        max_cost=Decimal("2.50"),
        select=("all",),
        refused=(("coat", "its group cannot be listed"),),
    )


def pack(request: Request, content: bytes) -> Pack:
    campaign = load_campaign(replace(request, variables=()))
    saved = serialize_plan(plan(campaign, Snapshot()), campaign, Snapshot(), request)
    return pack_run(
        *(campaign, ME, request, saved),
        pictures={image.source: content for image in list_files(campaign)},
        most=Decimal("2.00"),
    )


def test_a_pack_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "sarah.png").write_bytes(PICTURE)
    request = write(tmp_path / "team", "../sarah.png")
    packed = pack(request, PICTURE)
    assert packed.depth == 1
    read = Pack.from_json(packed.to_json(), packed.contents)
    assert read == packed
    asked = read.request()
    assert asked.saved == packed.plan
    assert packed.manifest == request.manifest.read_bytes()
    assert (asked.variables, asked.max_cost, asked.select, asked.yes) == (
        *(request.variables, request.max_cost, request.select, True),
    )
    assert (asked.concurrency, asked.refused) == (request.concurrency, request.refused)
    assert packed.to_repeat().request().refused == ()  # each time the account is asked


def test_what_is_repeated_is_planned_anew_and_bought_as_far_as_its_ceiling_goes(
    tmp_path: Path,
) -> None:
    (tmp_path / "sarah.png").write_bytes(PICTURE)
    request = write(tmp_path, "sarah.png")
    once = pack(request, PICTURE)
    assert not once.request().up_to_budget
    again = once.to_repeat()
    asked = again.request()
    assert (asked.saved, asked.up_to_budget, asked.max_cost) == (None, True, request.max_cost)
    assert again.most_usd == request.max_cost
    assert pack(replace(request, max_cost=None), PICTURE).request().max_cost is None


def test_a_picture_that_changed_since_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "sarah.png").write_bytes(PICTURE)
    with pytest.raises(UsageError, match=r"sarah\.png was changed"):
        pack(write(tmp_path, "sarah.png"), b"another")


def test_what_a_worker_cannot_do_is_said(tmp_path: Path) -> None:
    photo = tmp_path / "sarah.png"
    photo.write_bytes(PICTURE)
    request = write(tmp_path, "sarah.png")
    campaign = load_campaign(replace(request, variables=()))
    assert explain_unpackable(campaign, request) is None
    basket = replace(request, basket=(BasketItem("blazer", Errand.MORE),))
    assert "review page" in str(explain_unpackable(campaign, basket))
    assert "--out" in str(explain_unpackable(campaign, replace(request, out=tmp_path / "x")))
    named: Any = object()
    store = NamedStore(named, "/mnt/studio", ("--store", "/mnt/studio"))
    assert "--store" in str(explain_unpackable(campaign, replace(request, store=store)))
    everywhere = replace(request, store=store._replace(option=()))
    assert explain_unpackable(campaign, everywhere) is None
    absolute = load_campaign(Request(write(tmp_path / "b", str(photo)).manifest))
    assert "no path relative" in str(explain_unpackable(absolute, request))
    piped = replace(campaign, manifest=tmp_path / "<stdin>")
    assert "through a pipe" in str(explain_unpackable(piped, request))
