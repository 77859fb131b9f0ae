"""The words that plays are made of: looks, voices, lives, things and spoken lines.

A kind's values are told apart by sight or hearing (``playhouse.readers`` proves it), and the words of one
part never turn up in another: what is spoken names no town of a biography, what a biography tells of a look
is never asked about.
"""

# --- sight ---------------------------------------------------------------------------------------------
PLACES = ("far left", "centre left", "centre right", "far right")  # left to right, as the viewer sees it
TOP_COLOURS = ("red", "blue", "yellow", "purple", "orange", "white", "pink")
HAIR_COLOURS = ("black", "brown", "blonde", "ginger", "grey")
STARS = ("one", "two", "three", "four")
EXPRESSIONS = ("smiling", "frowning", "sad", "surprised")
ACTIONS = (
    "waves a hand",
    "raises one arm straight up",
    "crosses the arms",
    "holds up a cup",
    "puts both hands on the hips",
    "points to the side",
)
ENTRANCES = ("from the left", "from the right", "through the trapdoor", "from above on a rope")
# The bridge: the looks that a biography tells, so never asked about and never a clue.
ACCESSORIES = ("round glasses", "a top hat", "a striped scarf", "a bow tie", "big headphones", "a flower on the head")
TROUSERS = ("black", "brown", "grey", "beige", "green")

# --- things on the shelf -------------------------------------------------------------------------------
THINGS = ("guitar", "vase", "painting", "clock", "lamp", "globe", "drum", "teapot")
THING_COLOURS = ("red", "blue", "yellow", "green", "purple", "orange")

# --- sound ---------------------------------------------------------------------------------------------
# Ranks among the four voices of a play, from low to high, quiet to loud, slow to fast.
PITCHES = ("the lowest", "the second lowest", "the second highest", "the highest")
LOUDNESSES = ("the quietest", "the second quietest", "the second loudest", "the loudest")
SPEEDS = ("the slowest", "the second slowest", "the second fastest", "the fastest")
QUALITIES = ("smooth", "rough", "nasal", "muffled")
EMOTIONS = ("calm", "happy", "sad", "angry")

# --- shows ---------------------------------------------------------------------------------------------
SHOWS = ("lantern", "harbour", "orchard", "meridian", "foxglove", "viaduct")
SCENES = ("theatre", "kitchen", "library", "garden")
