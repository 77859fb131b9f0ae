"""The words of lives and lines: names, towns, schools, work, events, and what people say on stage.

Kept apart from ``vocabulary`` because nothing here is seen or heard by its kind alone: these are open sets.
No spoken line names a person, a town of a biography, or the speaker's sex.
"""

WOMEN = (
    "Ada", "Agnes", "Alma", "Anita", "Beata", "Bruna", "Carla", "Celia", "Clara", "Dalia", "Daria", "Delia", "Edith",
    "Elena", "Elsa", "Emma", "Esther", "Fiona", "Flora", "Freda", "Gerda", "Gloria", "Greta", "Hanna", "Helga", "Hilda",
    "Ida", "Ines", "Irene", "Iris", "Jana", "Julia", "Karin", "Laura", "Lena", "Linda", "Lydia", "Magda", "Marta",
    "Mina", "Nadia", "Nora", "Olga", "Paula", "Petra", "Rita", "Rosa", "Selma", "Sofia", "Stella", "Tilda", "Vera",
)  # fmt: skip
MEN = (
    "Adam", "Albert", "Anton", "Arne", "Bruno", "Carl", "Cesar", "Cyril", "Dario", "David", "Edgar", "Emil", "Enzo",
    "Erik", "Felix", "Frank", "Georg", "Gustav", "Hugo", "Igor", "Ivan", "Jakob", "Jonas", "Karl", "Klaus", "Lars",
    "Leo", "Louis", "Lukas", "Magnus", "Marco", "Martin", "Max", "Milan", "Nils", "Oscar", "Otto", "Owen", "Pablo",
    "Paul", "Peter", "Ralf", "Robert", "Rolf", "Ruben", "Sergio", "Simon", "Stefan", "Theo", "Tomas", "Viktor",
    "Walter",
)  # fmt: skip
SURNAME_STARTS = (
    "Ash", "Bel", "Birk", "Cal", "Carr", "Dahl", "Dorn", "Elm", "Fal", "Fen", "Gar", "Hal", "Harl", "Holm", "Ker",
    "Lind", "Mar", "Mor", "Nor", "Oak", "Pell", "Quin", "Ros", "Sel", "Stan", "Thorn", "Tor", "Vald", "Wend", "West",
)  # fmt: skip
SURNAME_ENDS = ("berg", "by", "dale", "ell", "field", "gren", "ham", "ley", "man", "mark", "quist", "son", "stead",
                "strom", "ton", "vik", "well", "wick", "wood", "worth")  # fmt: skip

TOWNS = (
    "Aarhus", "Antwerp", "Bergen", "Bilbao", "Bologna", "Bremen", "Bristol", "Cardiff", "Cork", "Dresden", "Dublin",
    "Florence", "Galway", "Geneva", "Ghent", "Girona", "Gothenburg", "Graz", "Hamburg", "Krakow", "Leeds", "Leipzig",
    "Ljubljana", "Lyon", "Malmo", "Marseille", "Nantes", "Naples", "Odense", "Oporto", "Ostrava", "Palermo", "Plymouth",
    "Riga", "Rotterdam", "Salzburg", "Seville", "Split", "Tallinn", "Tampere", "Toulouse", "Trieste", "Turin",
    "Uppsala", "Utrecht", "Valencia", "Verona", "Vilnius", "Wroclaw", "Zagreb", "Zurich",
)  # fmt: skip
SCHOOLS = (
    "Ashgrove College", "Birchwood Academy", "Cedar Hill Institute", "Dunmore College", "Eastgate Academy",
    "Fernley Institute", "Glenrock College", "Highmoor Academy", "Ivybridge Institute", "Juniper College",
    "Kingsmead Academy", "Larkfield Institute", "Millbrook College", "Northcliff Academy", "Oakhurst Institute",
    "Pinewood College", "Queensferry Academy", "Ravensdale Institute", "Silverlake College", "Thornbury Academy",
    "Underhill Institute", "Valebrook College", "Westhaven Academy", "Yarrow Institute",
)  # fmt: skip
OCCUPATIONS = (
    "accountant", "architect", "baker", "beekeeper", "bookbinder", "botanist", "carpenter", "chemist", "dentist",
    "electrician", "engineer", "firefighter", "florist", "geologist", "goldsmith", "jeweller", "journalist", "judge",
    "lawyer", "librarian", "locksmith", "mechanic", "midwife", "nurse", "optician", "pharmacist", "pilot", "plumber",
    "potter", "surgeon", "surveyor", "tailor", "teacher", "translator", "vet", "weaver",
)  # fmt: skip
EVENTS = (
    "survived an avalanche", "won a national chess title", "sailed around the world", "lost a house to a fire",
    "recovered from a car accident", "inherited a vineyard", "climbed a famous volcano", "was stranded on an island",
    "published a first novel", "broke a swimming record", "discovered a Roman coin", "was rescued from a flood",
    "crossed a desert on foot", "opened a small museum", "won a baking contest", "survived a plane crash",
    "adopted three orphans", "founded a village choir", "restored an old lighthouse", "was struck by lightning",
    "cycled across a continent", "found a lost manuscript", "built a glass boat", "ran for mayor",
)  # fmt: skip
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip

# Spoken lines: a pattern and what fills it. Few and short words, easy to understand.
FILLERS = {
    "place": ("the kitchen", "the station", "the garden", "the harbour", "the market", "the cellar", "the hotel",
              "the office", "the bridge", "the church", "the school", "the hospital"),
    "object": ("the key", "the map", "the letter", "the watch", "the box", "the paper", "the ticket", "the money",
               "the suitcase", "the wedding cake", "the umbrella", "the bottle"),
    "time": ("on Monday", "on Sunday", "before midnight", "after lunch", "this morning", "last winter",
             "in the summer", "at seven", "next week", "on Friday", "before breakfast", "after the storm"),
    "animal": ("the dog", "the parrot", "the horse", "the kitten", "the goat", "the rabbit"),
    "deed": ("open the window", "lock the door", "close the curtain", "call the doctor", "wash the dishes",
             "water the plants", "feed the chickens", "light the fire"),
}  # fmt: skip
LINES = (
    "I left {object} in {place}.",
    "Who took {object} from {place}?",
    "We should meet {time}.",
    "The train leaves {time}.",
    "Please bring {object} to {place}.",
    "I will never sell {object}.",
    "Somebody has to {deed}.",
    "Did you remember to {deed}?",
    "I saw {animal} behind {place}.",
    "They found {object} {time}.",
    "I am waiting for {object}.",
    "Nobody came to {place}.",
    "Can we talk about {object}?",
    "I heard {animal} {time}.",
    "It was raining {time}.",
    "Keep {animal} away from {place}.",
    "There is no light in {place}.",
    "You promised to {deed} {time}.",
    "I forgot to {deed}.",
    "Take {animal} to {place}.",
)
