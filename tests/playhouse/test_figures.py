"""People as they are drawn."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from crossomni.playhouse import faces, figures, paint
from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.plays import Look

SEXES = ("women", "men")


def look(**changes):
    """Somebody's look, with what a test wants changed."""
    plain = {
        "top": "red",
        "stars": 4,
        "trousers": "grey",
        "hair": "brown",
        "hair_style": 0,
        "beard": 0,
        "skin": 1,
        "accessory": "a bow tie",
        "expression": "smiling",
        "action": "waves a hand",
        "action_start_seconds": 4.0,
        "entrance": "from the left",
        "entrance_start_seconds": 0.2,
    }
    return Look(**(plain | changes))


def seen(picture):
    """A picture's pixels as int (height, width, 4)."""
    return np.asarray(picture).astype(int)


def window(picture, left, top, right, bottom):
    """The pixels of a figure between points that are measured from the spot on the floor."""
    x, y = figures.FIGURE_ORIGIN
    return seen(picture)[y + top : y + bottom, x + left : x + right]


def near(pixels, colour, distance=60):
    """Which pixels are covered and have nearly this colour."""
    return (np.linalg.norm(pixels[..., :3] - np.array(colour), axis=-1) < distance) & (pixels[..., 3] > 200)


def test_every_word_of_the_vocabulary_has_a_colour_or_a_drawing():
    """What a script may ask for can be drawn."""
    assert set(words.TOP_COLOURS) == set(paint.TOPS)
    assert set(words.HAIR_COLOURS) == set(paint.HAIR)
    assert set(words.TROUSERS) == set(paint.TROUSERS)
    assert set(words.THING_COLOURS) == set(paint.THINGS)
    for accessory, expression in itertools.product(words.ACCESSORIES, words.EXPRESSIONS):
        figure = figures.Figure(look(accessory=accessory, expression=expression), "women", 1)
        assert figure.picture(figures.Moment()).getbbox() is not None


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("top", words.TOP_COLOURS)
def test_stars_can_be_counted(sex, top):
    """As many separate patches of the stars' colour are on a top as it has stars."""
    for count in range(1, 5):
        chest = window(figures.torso(sex, top, count), -16, -109, 16, -79)[..., :3]
        to_star, to_top = (
            np.linalg.norm(chest - np.array(c), axis=-1) for c in (figures.star_colour(top), paint.TOPS[top])
        )
        assert ndimage.label(to_star < to_top, np.ones((3, 3)))[1] == count


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("pose", words.ACTIONS)
def test_no_pose_hides_a_star(sex, pose):
    """Arms leave the stars free, crossed ones too."""
    for phase in range(figures.PHASES.get(pose, 1)):
        drawn = figures.arms(sex, "red", 0, pose, phase, 1)
        for x, y in itertools.chain(*figures.STARS_AT.values()):
            patch = window(drawn, round(x) - 5, round(y) - 5, round(x) + 5, round(y) + 5)
            assert patch[..., 3].max() == 0


@pytest.mark.parametrize("sex", SEXES)
def test_poses_differ_and_stay_within_their_reach(sex):
    """Each action has arms of its own; only pointing leaves the person's own strip of the stage."""
    pictures = {
        (pose, side): seen(figures.arms(sex, "blue", 0, pose, 0, side))
        for pose in (figures.REST, *words.ACTIONS)
        for side in (-1, 1)
    }
    for (pose, side), picture in pictures.items():
        columns = np.flatnonzero(picture[..., 3].any(axis=0)) - figures.FIGURE_ORIGIN[0]
        reach = max(-columns.min(), columns.max())
        assert reach <= (figures.FIGURE_ORIGIN[0] if pose in figures.WIDE_POSES else figures.STANDING_REACH)
        others = [other for (name, at), other in pictures.items() if name != pose and at == side]
        assert min((np.abs(picture - other).max(axis=-1) > 60).sum() for other in others) > 150


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("hair", words.HAIR_COLOURS)
def test_no_accessory_hides_the_hair(sex, hair):
    """Under a hat, headphones or a flower a good deal of the hair is seen."""
    for accessory, style in itertools.product(words.ACCESSORIES, range(3)):
        figure = figures.Figure(look(accessory=accessory, hair=hair, hair_style=style), sex, 1)
        crown = window(figure.picture(figures.Moment()), -30, -185, 30, -155)
        assert near(crown, paint.HAIR[hair], 40).sum() > 150


@pytest.mark.parametrize("accessory", words.ACCESSORIES)
def test_no_accessory_hides_brows_mouth_or_stars(accessory):
    """The expression and the stars stay free."""
    sheet = seen(faces.accessory(accessory))
    x, y = faces.HEAD_ORIGIN
    mouth = sheet[y + round(faces.MOUTH[1]) - 3 : y + round(faces.MOUTH[1]) + 7, x - 9 : x + 9, 3]
    brows = sheet[y + round(faces.BROW_Y) - 7 : y + round(faces.BROW_Y), x - 16 : x + 16, 3]
    stars = sheet[y - 107 :, x - 14 : x + 12, 3]
    assert (mouth.max(), brows.max(), stars.max() < 255) == (0, 0, True)


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("expression", words.EXPRESSIONS)
def test_a_silent_mouth_is_never_dark_inside(sex, expression):
    """Only a speaking mouth shows its dark inside, so that surprise is not taken for speech."""
    x, y = faces.HEAD_ORIGIN[0], faces.HEAD_ORIGIN[1] + round(faces.MOUTH[1])
    mouths = [seen(faces.features(sex, expression, False, mouth))[y - 5 : y + 9, x - 9 : x + 9] for mouth in range(3)]
    dark = [near(mouth, (92, 18, 30), 50).sum() for mouth in mouths]
    assert dark[0] == 0
    assert 20 < dark[1] < dark[2]


@pytest.mark.parametrize("sex", SEXES)
def test_expressions_differ_in_brows_and_in_mouth(sex):
    """An expression is seen above the eyes too, and so while its mouth speaks."""
    for one, other in itertools.combinations(words.EXPRESSIONS, 2):
        difference = np.abs(seen(faces.features(sex, one, False, 0)) - seen(faces.features(sex, other, False, 0))).max(
            axis=-1
        )
        middle = faces.HEAD_ORIGIN[1] + round(faces.EYES[1])
        assert (difference[:middle] > 100).sum() > 20
        assert (difference[middle + 8 :] > 100).sum() > 20


def test_women_and_men_have_different_outlines():
    """The same look on a woman and on a man is not the same picture."""
    woman, man = (seen(figures.Figure(look(), sex, 1).picture(figures.Moment()))[..., 3] > 128 for sex in SEXES)
    assert (woman != man).sum() > 1000


def test_a_loud_syllable_moves_the_upper_body_alone():
    """People nod as they speak up, and their feet stay where they are."""
    figure = figures.Figure(look(), "men", 1)
    shut, half, wide = (seen(figure.picture(figures.Moment(mouth=mouth))) for mouth in range(3))
    feet, chest = figures.FIGURE_ORIGIN[1] - 40, figures.FIGURE_ORIGIN[1] - 100
    assert (shut[feet:] == wide[feet:]).all()
    assert (shut[chest : chest + 20] == half[chest : chest + 20]).all()
    assert (shut[chest : chest + 20] == wide[chest + 1 : chest + 21]).all()
