"""How answers are put in words, and how they are disowned: the patterns that ``crossomni.answers`` looks for.

Repetitions are bounded or possessive, so that no text, however long or odd, takes more than linear time.
"""

import re

# A word's character; Chinese, Japanese and Korean write letters without spaces around them.
_WORD = r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
# What may stand around a letter without changing what it says, and what may follow it.
_AROUND = r"[\s*_`~#>\"'“”‘’«»„()\[\]{}<$\\|•·→–—=✅✔☑👉【】「」『』《》\u200b\u200e\ufeff\-]"
_CLOSE = r"[\s*_`~#>\"'“”‘’«»„()\[\]{}<$\\|.,:;!?。、،…✅✔☑【】「」『』《》\u200b\u200e\ufeff–—-]"
# One Latin letter that is no part of a word, of initials ("A. J.", "A.M."), of "D'accord", "B-52" or "C:\\".
_ONE = (
    rf"(?<!{_WORD})(?<![A-Za-z]\.)(?<![°\\])(?<![A-Za-z]['’])[A-Za-z](?!{_WORD}|['’]{_WORD}|-\w|\.[A-Za-z0-9](?![a-z])|:[\\/]|[+#]"
    r"|\.\s[A-Z]\.)"
)
_LETTER = rf"(?P<letter>{_ONE})"
_PREFIX = (
    r"(?:the|option|choice|letter|answer|either|both|definitely|probably|(?:most\s)?likely|clearly|"
    r"la|le|el|die|der|l['’]option|la\sréponse|opción|opção|opzione|lettre|letra|选项|選項|選択肢|보기|вариант|буква)"
)
_VALUE = rf"{_AROUND}{{0,12}}(?:{_PREFIX}{_AROUND}{{0,6}}){{0,3}}{_LETTER}"
_JOINT = r"/|&|、|\b(?:and|or|nor|und|oder|et|ou|y|o|e)\b|和|或|与"
_AND = rf"(?:,|{_JOINT})"

_NOUN = (
    r"answers?|ans|choice|option|solution|selection|prediction|letter|guess|pick|conclusion|result|response|output|"
    r"antwort|lösung|réponse|respuesta|risposta|resposta|opción|antwoord|cevap|jawaban|odpowiedź|ответ|"
    r"đáp\sán|उत्तर|الإجابة|الجواب|答案|正解|答え|回答|정답|답"
)
_FOR_LINK = (
    r":|=|→|->|['’]s\b|\s-|–|—|\b(?:is|be|was|ist|lautet|est|es|è|é|jest|là|adalah)\b|[是为為は은는]|है|هي|هو"
    r"|(?(final)[ \t*_#>]{0,9}\n|(?!))"  # a heading "Final answer" with its answer below
)
_SO = r"\b(?:but|so|therefore|thus|hence|however)\b"
_STATEMENT = (
    rf"(?<!{_WORD})(?P<final>final[\s_-]{{0,2}}|最终|最終|最後)?(?:{_NOUN})(?!{_WORD})"
    rf"(?P<between>(?:(?!{_SO})[^.!?\n:;=]){{0,60}}?)(?:{_FOR_LINK})(?:\s{{0,3}}[:=])?"
)
_RIGHT = (
    r"(?:(?:is|are|was|seems|must\sbe|would\sbe)\s(?:clearly\s|definitely\s|both\s)?(?:the\s)?(?:only\s|most\s|best\s)?"
    r"(?:likely\s|plausible\s|accurate\s)?(?:correct|right|best|true|accurate|answer|choice)\b(?!\s(?:only|but|of|for\s(?!th)))(?:\s(?:answer|choice|option))?|[是为]?\s?正[确確])"
)

LETTER = re.compile(_ONE)
STATEMENTS = (
    re.compile(_STATEMENT + _VALUE, re.IGNORECASE),  # "the correct answer is B", "答案:B"
    re.compile(  # "I choose B", "I'd go with option B"; not "the man chose B"
        r"(?:(?:^|[.!?,:\n]\s{0,3}|\b(?:therefore|so|thus)\s|\b(?:i|we|let['’]s|i['’](?:d|ll|m|ve))\s(?P<between>(?:[a-z]{1,9}\s){0,3}))"
        rf"(?:choose|chose|select(?:ed)?|pick(?:ed)?|go(?:ing)?\swith|opt\sfor)\b|\b(?:wähle|choisis|elijo)\b|[选選]择?){_VALUE}",
        re.IGNORECASE,
    ),
    re.compile(  # "It's B.", "Therefore, B.", "No wait, C"
        r"(?:\b(?:(?:it|that)(?:['’]s|\s(?:is|must\sbe|would\sbe|should\sbe|has\sto\sbe))|therefore|thus|hence|so|actually|"
        r"wait|sorry|no|rather|correction|(?:i|i['’]d|i\swould)\s(?:meant?|think|believe|guess|say))|(?:认为|認為|应该|應該|所以|因此)[是选選]?)"
        rf"[,:]?{_VALUE}(?=[\"'*_`)\]]{{0,4}}(?:[.,!?;]|\s{{0,9}}(?:$|\n)|\s(?:because|since|as|based)\b|\s?{_AND}\s))",
        re.IGNORECASE,
    ),
    re.compile(  # "Option B (the blue coat) is correct"
        rf"(?-i:(?=[A-Z])){_LETTER}[)\]*\"'’”]{{0,3}}(?:\s\([^()\n]{{1,80}}\)|,[^.,\n]{{1,80}},)?\s?(?:选项|項|项)?\s?{_RIGHT}",
        re.IGNORECASE,
    ),
)
STATED_TEXT = re.compile(_STATEMENT + r"\s{0,9}(?=(?P<text>[^\n]{1,400}))", re.IGNORECASE)

# "B or C", "B, C"; but no article and no pronoun: "B, A man …", "B and I am sure".
JOINED = re.compile(
    rf"{_CLOSE}{{0,4}}?(?:,(?!\s?A\s{{1,3}}{_WORD})|{_JOINT})"
    rf"{_AROUND}{{0,6}}(?:(?:option|maybe|perhaps|possibly|even|also|it['’]s)\s){{0,2}}(?!(?:[Ii]|(?-i:a))\s{{1,3}}{_WORD}){_LETTER}",
    re.IGNORECASE,
)
BEFORE = re.compile(rf"({_ONE})[)\]]?\s?{_AND}{_AROUND}{{0,6}}(?:option\s)?$", re.IGNORECASE)
LISTED = re.compile(rf"(?<![(\[])(?P<dotted>{_ONE})[\"'*)\]]{{0,3}}[.):](?=\s)|[(\[](?P<bracketed>{_ONE})[)\]]")
ASIDE = re.compile(r"\([^()]{2,400}\)")

_LINE_START = (
    rf"{_AROUND}*+(?:(?:the\s)?(?:option|choice|letter|answer|both|either|probably|definitely|clearly){_AROUND}++"
    rf"|(?:选项|選項|選択肢){_AROUND}*+)?{_LETTER}"
)
LETTER_LINE = re.compile(
    _LINE_START + rf"(?P<more>(?:{_CLOSE}*+(?:{_AND}{_AROUND}*+)?{_ONE})*+){_CLOSE}*+", re.IGNORECASE
)
# "B. blue", "(b) blue", "**B:** blue", "B - blue", "B, the blue one", "B (the blue one)"
OPTION_LINE = re.compile(
    _LINE_START
    + r"[*_\"'`$}>]{0,4}(?:[.):\]、。]|\s{0,3}[–—=-](?=\s)|"
    + rf"(?<=[B-HJ-Z])(?:,(?=\s)(?!\s?(?!I\s){_ONE})|\s(?=\([^()\n]{{1,80}}\)\W{{0,4}}$)))"
    + r"[*_\"'`$}>.):\]]*+(?P<text>.*)",
    re.IGNORECASE,
)
# "B because …", "B, since …"
REASON_LINE = re.compile(
    _LINE_START + r"[*_\"'`$}>,]{0,4}\s(?P<text>(?:because|since|as|based\son|due\sto)\b.*)", re.IGNORECASE
)
# "B blue": read only where the text is that option's
SPACED_LINE = re.compile(_LINE_START + r"[*_\"'`$}>]{0,4}\s(?P<text>.*)", re.IGNORECASE)

# "…, or maybe C", "…. Could also be C": a second option beside the one that was claimed.
SECOND = re.compile(
    r"[.,;:!?()\[\]\n–—-]\s{0,3}(?:(?:and|but|or|though|although|yet|it|that|this|the\sanswer)[\s,]{1,3}){0,3}"
    r"(?:(?:else|maybe|perhaps|possibly|alternatively|(?:could|might|may)\s(?:(?:also|even|well|equally|possibly)\s){0,2}be)"
    r"[\s,:]{1,3}(?:(?:even|also|it['’]s|it\sis|option)\s){0,2}){1,3}"
    rf"{_AROUND}{{0,6}}(?!(?-i:[aAiI])\s{{1,3}}(?!because\b|since\b|as\b|but\b|and\b|or\b|is\b|if\b){_WORD}){_LETTER}",
    re.IGNORECASE,
)

NEXT_WORD = re.compile(rf"[ \t]{{1,3}}{_WORD}")
REASON = re.compile(
    r"\s{1,3}(?:because|since|as|based|due|given|for\sthe\sreason|and|but|which|while|so|from|is|are|was|seems|must|would|"
    r"weil|denn|car|parce|porque|pues|perché|poiché|omdat|bo|потому|так)\b",
    re.IGNORECASE,
)


def _phrases(text: str) -> str:
    """A pattern written as plain text, "|" between the phrases: its spaces and apostrophes match all their forms."""
    return text.replace("\n", "").replace(" ", r"\s").replace("'", "['’]")


# What is said of a letter just after it.
_BAD = _phrases(
    "(?:incorrect|wrong|false|untrue|mistaken|not (?:the (?:correct|right|answer)|correct|right|true|so|my))\\b"
)
_EXCLUDE = _phrases("(?:exclud|eliminat|rul(?:e|ed|ing) out|reject|discard|cross(?:ed)? out)")
# "B is wrong", "B can be ruled out", "B is what I would exclude", "B不对"
TURNED_DOWN = re.compile(
    rf"{_CLOSE}{{0,4}}?(?:(?:is|are|seems)\s)?(?:{_BAD}|not\sthe\b|isn['’]t|ruled\b|(?:or|and|/)\W{{0,4}}$"
    rf"|(?:is|are|was|can|could|should|must|has)\s[^.,;:!?\n]{{0,40}}?{_EXCLUDE})"
    r"|[\s*_`)\]\"'”’]{0,4}(?:选项|選項)?(?:错|不|では(?:な|あり)|じゃな|(?:이|가)?\s?아니|아닙)",
    re.IGNORECASE,
)
# "red is wrong.", "sad -> Incorrect (…)"; but not "the wrong hat", "the others are wrong", "A is wrong"
WRONG = re.compile(
    r"(?:(?<!\b[A-Z]\s)(?<!others\s)(?<!options\s)(?<!choices\s)(?<!rest\s)\b(?:is|are|was|were|be)\s(?:clearly\s|also\s|therefore\s)?|[>→:(—–-]\s?|^\W{0,9})[*_]{0,2}"
    r"(?:incorrect|wrong|ruled\sout|eliminated|false)\b(?=[*_]{0,2}(?:\W{0,3}$|[.;)]|\s\(|,?\s(?:because|since|as|for|so|here)\b))"
    r"|[✗❌✘]|错",
    re.IGNORECASE,
)
# "It's a", "I think a": cut off before the noun.
CUT_ARTICLE = re.compile(
    r"(?:\b(?:is|be|was|think|believe|guess|say|meant?|so|thus|hence|therefore|actually|rather)|['’]s)\s{1,3}$",
    re.IGNORECASE,
)
SMILEY = re.compile(r"\s*+[:;]-?[A-Za-z]\s*+")

# What keeps a statement from being the reply's own assertion: its form, a condition, a denial …
FORM = re.compile(r"\W{0,4}(?:options|choices|candidates|format)\b", re.IGNORECASE)
CONDITION = re.compile(
    r"\b(?:if(?!\si\s(?:had|have|must))|whether|unless|suppos(?:e|ing)|(?<!\bi\s)assum(?:e|ing)|imagin(?:e|ing)|wish|hope|"
    r"wenn|ob|si|если)\b|如果|假设|假如|是否|不知道",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"\b(?:not|never|(?<!is\s)no(?!\sdoubt)|none|neither|nor|cannot|without(?!\s(?:a\s)?doubt)|"
    r"(?<!no\s)(?<!a\s)(?<!without\s)doubt|false|lie|except|unsure|unclear|unable|could|might|maybe|perhaps|possibly|"
    r"nicht|kein\w{0,2}|pas|não|non|niet|nie|не)\b|n['’]t\b|不|没|(?<![很最])可能|也许|或许",
    re.IGNORECASE,
)
# … what the answer is for ("the answer to exclude is B", "the answer he gave is B", "I almost chose B") …
SET_APART = re.compile(
    rf"\b(?:{_EXCLUDE}|incorrect|wrong|false|least|worst|unlikely|almost|nearly|would\shave|refuse|hesitate)|"
    r"\b(?:supposed|said|believed|claimed|thought|rumou?red|alleged)\sto\s$|"
    r"^\s(?:given|shown|written|printed)\s(?:in|on|by)\b|^\s(?:that\s)?(?:he|she|they|(?:the|a|my)\s\w+)\s(?:g[ia]ve|chose|choose|pick|want|sa[iy]|claim)",
    re.IGNORECASE,
)
# … or whose words they are: before the statement ("he says that", "her answer", "the least likely answer"),
_SAYS = _phrases(
    "\\b(?:says|said|claims|claimed|thinks|thought|believes|believed|argues|argued|insists|insisted|tells|told|heard|asks|"
    "asked|guesses|guessed|reads|wrote|writes|used to \\w+)(?= )|\\b(?:sagt|meint|glaubt|denkt|dit|pense|croit|dice|"
    "cree|piensa|diz|acha|говорит|сказал|сказала|думает|считает),?(?= )"
)
NOT_MINE = re.compile(
    rf"(?<!\bas\si\s)(?:{_SAYS})(?::?\s(?!(?:so|but|and|therefore|thus)\b)[\"'“‘]?\w+){{0,5}}:?\s[\"'“‘]?$|"
    r"(?:他|她|有人|人们|大家|男人|女人|男子|女子|老师|朋友)们?[^,。;]{0,6}(?:说|認為|认为|觉得|声称|以为|告诉)[^,。;]{0,6}$|彼(?:女)?は$|"
    r"\brumou?r\shas\sit|\baccording\sto\s(?:him|them|some|others|people|many|my|her\b(?!\s\w))|"
    r"\bin\s(?:his|her|their)\s(?:opinion|view)\b|"
    r"\b(?:his|her|their|(?!(?:let|it|that|what|here|there|he|she|who|question)\b)\w{1,20}['’]s)\s(?:\w{1,12}\s)?$|"
    r"\b(?:wrong|incorrect|false|worst|bad|initial|previous|least\s\w{1,12}|unlikely|falsche|mauvaise|неверный)\s"
    r"(?:\w{1,12}\s)?$|错误的?$",
    re.IGNORECASE,
)
# "I refuse to answer: B"
REFUSED = re.compile(r"\b(?:refus|declin|hesitat|unwilling)\w*\sto\s(?:\w+\s){0,3}$", re.IGNORECASE)
BELIEVED = re.compile(r"\w\s(?:say|think|believe|claim|argue|guess|insist)\s(?:\w+\s){0,5}$", re.IGNORECASE)
SPEAKER = re.compile(r"\b(?:i|we|me|us|i['’]\w+|we['’]\w+|let['’]s)\b", re.IGNORECASE)
# inside an opened quotation ('he said "I see. …', not the value of '"answer": "…'),
QUOTED = re.compile(
    r"\w[:,]?\s{1,2}(?:[\"“«„][^\"”»]*|['‘](?:[^'’]|(?<=\w)['’](?=\w))*)$|\w[:,]?[“«„「『][^”»」』]*$|\w:\"[^\"]*$"
)
# or after it ("…, isn't it?", "… if he sings", "…, he says").
QUESTION = re.compile(r"(?:(?!\*\*\s[A-Z])[^.:!?。\n\"“”«]|\.\w)*[?？]|[^。\n]{0,20}吗")
_WHO = r"(?:he|she|they|someone|(?:the|a|my)\s\w+)"
BY_OTHERS = re.compile(
    r"\s(?:only\s)?(?:if|when)\b|,?\sunless\b|才怪|(?:[^,.!?\n]{0,80}(?=,))?[\"'”’»*_.!]{0,4},?[\"'”’»*_]{0,4}\s"
    rf"(?:said\b|(?:i|we)\s(?:was|were)\stold|(?:or\s)?(?:so\s|at\sleast\s)?{_WHO}\s(?:said|says?|claims?|claimed|thinks?|"
    r"thought|believes?|replie[sd]|answer(?:s|ed)|told\s\w+)(?=\W{0,3}(?:\Z|[.!?\n]))|"
    r"according\sto\s(?:him|them|some|others|people|my|(?:her|the\s\w+)(?=\W{0,2}$)))"
    r"|だ?と(?:言|述|主張)|이?라고",
    re.IGNORECASE,
)

# A later clause that takes the answer back: it speaks of the one who answers, or of the answer itself.
_START = (
    r"(?:\A|[.!?…。\n(—–])\W{0,6}"
    r"(?:(?:but|no|oh|well|sorry|haha|lol|actually|honestly|however|wait)[\s,]{1,3}){0,3}"
)
_CLAUSE_START = (
    rf"(?:{_START}|(?:[,;]|\":\s?\"|\b(?:but|though|although|and|or)\b)"
    r"[\s,]{0,3}(?:(?:actually|honestly|well)[\s,]{1,3})?)"
)
_STOP = r"\s{0,3}(?:\Z|[.!?…,;)\]\"\x27”*_}\n。、，])"
_END = rf"(?={_STOP}|\s(?:but|so|and|because|since)\b)"
_ADVERB = r"(?:(?:really|honestly|actually|just|only|still|simply|totally)\s){0,2}"
# "I cannot …" takes back, unless it tells what is not seen, not chosen or not quite certain.
_I_CANNOT = _phrases(
    rf"(?:i|we)(?:'m|'re|'d| ) ?{_ADVERB}(?:(?:do|did|could|would|was|were|are|have|wo|ca)n't|cannot|"
    r"(?:(?:do|did|can|could|would|will|am|was|were|are|have) )?(?:not|never|unable|sorry|afraid))\b"
    r"(?! (?:really |clearly |actually |able to )?(?:see|hear|notice|find|observe|spot|detect|recogni[sz]e|make out|"
    r"choose|chose|pick|select|need|(?:completely|entirely|fully|totally|absolutely|quite|100)\b|"
    rf"(?:think|believe) (?!so\b|(?:it|that|this){_STOP}))(?! (?:the|this|your) (?:video|audio|clip|file){_STOP}))"
)
_ABOUT_IT = (
    "(?: (?:it|that|this|so|(?:the )?(?:correct |right )?(?:answer|question)|"
    "which(?: (?:one|option|answer|is|right|correct)){0,4}))?"
)
_NOT_KNOWN = _phrases(
    rf"(?:(?:do not|don't|can ?not|can't|unable to) {_ADVERB}(?:know|tell|say|determine|decide|agree|answer)|"
    r"(?:the )?(?:correct )?(?:answer |it )?(?:cannot|can't) be (?:determined|known|answered))"
    rf"{_ABOUT_IT}{_END}|(?:there is )?(?:not enough|insufficient|no) (?:information|data|evidence)|"
    rf"(?:(?:i|we) ?{_ADVERB}(?:have|'ve) )?{_ADVERB}(?:absolutely )?no (?:idea|clue){_END}|"
    rf"(?:unknown|undetermined|dunno|who knows|none of (?:the above|these)){_END}|"
    rf"(?:我|我们)?(?:真的|其实)?(?:不知道|不清楚|不同意|改变主意|开玩笑)的?了?{_END}|"
    r"(?:(?:ich )?wei(?:ß|ss) (?:es |ich )?nicht|keine ahnung|je ne (?:le )?sais pas|aucune idée|no (?:lo )?sé|"
    rf"non (?:lo )?so|não sei|(?:я )?не знаю){_END}|(?:わか|分か)り?(?:ません|らない)|知りません|모르겠|모릅니다"
)
_NOT_MEANT = _phrases(
    rf"(?:i|we) {_ADVERB}(?:disagree|doubt (?:it|that)|take (?:it|that|this) back|"
    r"(?:have )?changed my mind|lied|was wrong|withdraw|retract|reconsider)\b|"
    rf"(?:(?:i am|i'm|i was) )?{_ADVERB}(?:kidding|joking|lying){_END}|(?:i )?(?:fooled|tricked) you|gotcha|"
    rf"(?:(?:just|only) )?a joke{_END}|(?:nur )?(?:ein )?scherz{_END}|je plaisante|es (?:una )?broma{_END}|"
    rf"шучу{_END}|冗談|농담|"
    r"(?:scratch|strike|ignore|forget|disregard) (?:that|this|it|my)\b|never ?mind\b|on (?:second|further) thought\b|"
    rf"(?:not|not really|or not|or maybe not|or is it|is it|hardly|no,? wait|wait|maybe|perhaps|possibly)(?={_STOP})|"
    r"(?:no|nah|nope)(?=[.!\s]{0,3}(?:\Z|[.!\n]))"
)
_VERDICT = (
    rf"(?:which|that|this|it|(?:the|my|this|that)\s(?:answer|option|choice)|(?:option\s)?(?P<letter>{_ONE}))"
    rf"(?:['’]s|\s(?:is|was|would\sbe))\s{_ADVERB}(?:{_BAD}(?!\s(?:that|to)\b|-)|a\s(?:lie|joke)(?=\W{{0,3}}(?:\Z|[.!\n])))"
)
TAKEN_BACK = re.compile(
    rf"{_CLAUSE_START}(?P<said>{_I_CANNOT}|{_NOT_KNOWN}|{_NOT_MEANT})"
    rf"|(?:{_START}|\A[^.!?\n]{{0,80}},?\s(?:but|though|yet)\s)(?P<verdict>{_VERDICT})",
    re.IGNORECASE,
)

CLAUSE = re.compile(rf"[,;:]|{_SO}", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?。！？]\s+(?=\S)|\n")
IT_IS = re.compile(r"\b(?:it|that)(?:['’]s|\s(?:is|was))\b", re.IGNORECASE)
SENTENCES = re.compile(r"(?<=[.!。])\s+")
NO_SENTENCE = re.compile(
    SENTENCE_END.pattern + r"|\?|\b(?:or|and)\W{0,4}$", re.IGNORECASE
)  # several, a question, a cut

THINK = re.compile(r"[<◁](?P<close>/?)think(?:ing)?[>▷]", re.IGNORECASE)
OPEN_ANSWER = re.compile(r"<answer>", re.IGNORECASE)
CLOSE_ANSWER = re.compile(r"</answer>", re.IGNORECASE)
MARKUP = re.compile(  # HTML, and the special tokens of chat models
    r"</?(?:b|strong|i|em|u|p|div|span|code|h[1-6]|br|s|pad|eos|bos|unk|end_of_turn)\s?/?>|<\|\w{1,40}\|>"
)
LATEX = re.compile(r"\\(?:text|textbf|textit|textrm|mathbf|mathrm|mathit|mathsf|operatorname)\s?\{([^{}]{0,400})\}")
BOX = re.compile(r"\\f?box(?:ed)?\s?\{([^{}]{0,400})\}")
NOT_AVAILABLE = re.compile(r"\bn/a\b", re.IGNORECASE)
