"""The command that races rules says what lamina.race does, and draws it."""

import re

import matplotlib
import pytest
from matplotlib.animation import FFMpegWriter
from PIL import Image

import lamina as library
from lamina.descent.surfaces import SURFACES
from lamina.tables import racing

matplotlib.use("Agg")


def test_the_table_is_the_races(lamina):
    result = lamina(
        "race", "ravine", "adam", "momentum", "--steps", "40", "--learning-rate", "0.01"
    )
    assert result.status == 0 and result.err == ""
    race = library.race("ravine", ["adam", "momentum"], n_steps=40, learning_rate=0.01, repeats=1)
    head, *lines = result.out.splitlines()
    assert head == "Race of 2 runners on ravine, 40 steps"
    assert "\n".join(lines) == race.table(times=False)


def test_times_are_told_where_they_are_asked_for(lamina, folder):
    words = ["race", "bowl", "adam", "--steps", "3", "--learning-rate", "0.1"]
    assert "seconds" not in lamina(*words).out
    told = lamina(*words, "--times", "--out", "race.svg").out.splitlines()
    assert told[1].endswith("seconds") and (folder / "race.svg").stat().st_size
    assert "seconds" not in lamina(*words, "--json").json["runners"][0]
    assert lamina(*words, "--json", "--times").json["runners"][0]["seconds"] > 0


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "gif"])
def test_pictures_are_the_same_each_time_whatever_the_settings(lamina, folder, ending):
    words = ["race", "bowl", "adam", "momentum", "--steps", "4", "--learning-rate", "0.01"]
    made = []
    for i, size in enumerate((7.0, 15.0)):
        with matplotlib.rc_context({"font.size": size}):
            lamina(*words, "--out", f"race{i}.{ending}")
        made.append((folder / f"race{i}.{ending}").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("name", ["Bowl", "quadratic bowl"])
def test_surfaces_have_the_names_that_the_library_takes(lamina, name):
    words = ["adam", "--steps", "3", "--learning-rate", "0.1", "--json"]
    assert lamina("race", name, *words).json["surface"] == "bowl"


def test_each_rule_has_the_rate_that_suits_it_best(lamina):
    told = lamina("race", "bowl", "adam", "adadelta", "--steps", "20", "--json").json
    race = library.race("bowl", ["adam", "adadelta"], n_steps=20, repeats=1)
    assert told["surface"] == "bowl" and told["levels"] == list(race.levels)
    by = {runner["name"]: runner for runner in told["runners"]}
    assert by["adam"]["rate"] == race["adam"].rate and by["adam"]["loss"] == race["adam"].loss
    assert by["adadelta"]["rate"] is None
    assert by["adam"]["steps_to"] == [race["adam"].steps_to(level) for level in race.levels]


def test_a_schedule_by_its_name(lamina):
    result = lamina("race", "bowl", "adam", "--steps", "20", "--schedule", "cosine", "--json")
    race = library.race("bowl", "adam", {"cosine": library.Cosine()}, n_steps=20, repeats=1)
    assert result.json["runners"][0]["name"] == "adam, cosine"
    assert result.json["runners"][0]["loss"] == race.runners[0].loss


@pytest.mark.parametrize("ending", ["svg", "gif"])
def test_a_picture_and_an_animation(lamina, folder, ending):
    path = folder / f"race.{ending}"
    path.write_bytes(b"an older one")
    result = lamina(
        *["race", "bowl", "adam", "--steps", "3", "--learning-rate", "0.1"],
        *["--out", path.name, "--force"],
    )
    assert result.status == 0 and result.out.splitlines()[-1] == f"written to {path.name}"
    if ending == "svg":
        assert "<svg" in path.read_text()
    else:
        with Image.open(path) as image:
            assert image.width > 400 and image.n_frames == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bowls", "adam"], "SURFACE: 'bowls' is not one of 'bowl', .* did you mean 'bowl'?"),
        (["bowl", "adan"], "RULES: 'adan' is not one of .* did you mean 'adam'"),
        (["bowl", "lbfgs"], "RULES: 'lbfgs' is not one of"),
        (["bowl", "adam", "adam"], "RULES has a rule twice"),
        (["bowl"], "Missing argument 'RULES...'"),
        (["bowl", "adam", "--steps", "0"], "--steps"),
        (["bowl", "adam", "--learning-rate", "-1"], "takes best or a number above 0, not '-1'"),
        (["bowl", "adam", "--learning-rate", "fast"], "takes best or a number above 0"),
        (["bowl", "adam", "--schedule", "adaptive"], "--schedule: 'adaptive' is not one of"),
        (["bowl", "adam", "--out", "race.jpg"], r"--out takes a picture .* not 'race.jpg'"),
        (["bowl", "adam", "--out", "none/race.gif"], "there is no folder none"),
    ],
)
def test_what_cannot_race_is_one_sentence_and_no_work(refused, words, sentence, monkeypatch):
    monkeypatch.setattr("lamina.descent.racing.grounds.descend", None)
    assert re.search(sentence, refused("race", *words))


def test_an_existing_file_is_kept(refused, folder):
    (folder / "race.gif").write_bytes(b"mine")
    assert "--force" in refused("race", "bowl", "adam", "-o", "race.gif")
    assert (folder / "race.gif").read_bytes() == b"mine"


def test_an_mp4_without_ffmpeg(refused, monkeypatch):
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda cls: False))
    assert "install it" in refused("race", "bowl", "adam", "-o", "race.mp4")


def test_the_help_names_every_surface():
    assert tuple(SURFACES) == racing.SURFACES
