"""How answers are put in words: the patterns that ``crossomni.answers`` looks for.

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
_STATEMENT = (
    rf"(?<!{_WORD})(?P<final>final[\s_-]{{0,2}}|最终|最終|最後)?(?:{_NOUN})(?!{_WORD})"
    rf"(?P<between>[^.!?\n:;=]{{0,60}}?)(?:{_FOR_LINK})(?:\s{{0,3}}[:=])?"
)
_RIGHT = (
    r"(?:(?:is|are|was|seems|must\sbe|would\sbe)\s(?:clearly\s|definitely\s|both\s)?(?:the\s)?(?:only\s|most\s|best\s)?"
    r"(?:likely\s|plausible\s|accurate\s)?(?:correct|right|best|true|accurate|answer|choice)\b|[是为]?\s?正[确確])"
)

LETTER = re.compile(_ONE)
STATEMENTS = (
    re.compile(_STATEMENT + _VALUE, re.IGNORECASE),  # "the correct answer is B", "答案:B"
    re.compile(  # "I choose B", "I'd go with option B"; not "the man chose B"
        r"(?:(?:^|[.!?,:\n]\s{0,3}|\b(?:therefore|so|thus)\s|\b(?:i|we|let['’]s|i['’](?:d|ll|m|ve))\s(?:[a-z]{1,9}\s){0,3})"
        rf"(?:choose|chose|select(?:ed)?|pick(?:ed)?|go(?:ing)?\swith|opt\sfor)\b|\b(?:wähle|choisis|elijo)\b|[选選]择?){_VALUE}",
        re.IGNORECASE,
    ),
    re.compile(  # "It's B.", "Therefore, B.", "No wait, C"
        r"(?:\b(?:(?:it|that)(?:['’]s|\s(?:is|must\sbe|would\sbe|should\sbe|has\sto\sbe))|therefore|thus|hence|so|actually|"
        r"wait|sorry|no|rather|correction|(?:i|i['’]d|i\swould)\s(?:mean|think|believe|guess|say))|(?:认为|認為|应该|應該|所以|因此)[是选選]?)"
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
    rf"{_AROUND}{{0,6}}(?:option\s)?(?!(?:[Ii]|(?-i:a))\s{{1,3}}{_WORD}){_LETTER}",
    re.IGNORECASE,
)
BEFORE = re.compile(rf"({_ONE})[)\]]?\s?{_AND}{_AROUND}{{0,6}}(?:option\s)?$", re.IGNORECASE)
LISTED = re.compile(rf"({_ONE})[\"'*)\]]{{0,3}}[.):](?=\s)|[(\[]({_ONE})[)\]]")

_LINE_START = (
    rf"{_AROUND}*+(?:(?:the\s)?(?:option|choice|letter|answer|both|either|probably|definitely|clearly){_AROUND}++"
    rf"|(?:选项|選項|選択肢){_AROUND}*+)?{_LETTER}"
)
LETTER_LINE = re.compile(
    _LINE_START + rf"(?P<more>(?:{_CLOSE}*+(?:{_AND}{_AROUND}*+)?{_ONE})*+){_CLOSE}*+", re.IGNORECASE
)
# "B. blue", "(b) blue", "**B:** blue", "B - blue"
OPTION_LINE = re.compile(
    _LINE_START
    + rf"[*_\"'`$}}>]{{0,4}}(?:[.):\]、]|\s{{0,3}}[–—=-](?=\s)|(?<=[B-HJ-Z]),(?=\s)(?!\s?{_ONE}))"
    + r"[*_\"'`$}>.):\]]*+(?P<text>.*)",
    re.IGNORECASE,
)
# "B because …", "B, since …"
REASON_LINE = re.compile(
    _LINE_START + r"[*_\"'`$}>,]{0,4}\s(?P<text>(?:because|since|as|based\son|due\sto)\b.*)", re.IGNORECASE
)
# "B blue": read only where the text is that option's
SPACED_LINE = re.compile(_LINE_START + r"[*_\"'`$}>]{0,4}\s(?P<text>.*)", re.IGNORECASE)

NEXT_WORD = re.compile(rf"[ \t]{{1,3}}{_WORD}")
REASON = re.compile(
    r"\s{1,3}(?:because|since|as|based|due|given|for\sthe\sreason|and|but|which|while|so|from|is|are|was|seems|must|would)\b",
    re.IGNORECASE,
)
TURNED_DOWN = re.compile(
    rf"{_CLOSE}{{0,4}}?(?:(?:is|are|seems)\s)?(?:incorrect|wrong|false|not\s(?:the|correct|right)|isn['’]t|ruled|if|unless|when|"
    r"(?:sorry,?\s(?:but\s)?)?i\s(?:cannot|can['’]t|don['’]t|am\s(?:not|unable))|i['’]m\s(?:sorry|not|unable)|unable|cannot|"
    r"(?:or|and|/)\W{0,4}$|错|不|では(?:な|あり)|じゃな|아니|아닙)",
    re.IGNORECASE,
)
WRONG = re.compile(r"\b(?:incorrect|wrong|ruled\sout|eliminated|false)\b|[✗❌✘]|错", re.IGNORECASE)
CUT_ARTICLE = re.compile(r"\b(?:is|be|was)\s{1,3}$")
SMILEY = re.compile(r"\s*+[:;]-?[A-Za-z]\s*+")

FORM = re.compile(r"\W{0,4}(?:options|choices|candidates|format)\b", re.IGNORECASE)
CONDITION = re.compile(r"\b(?:if(?!\si\s(?:had|have|must))|whether|unless|wenn|ob)\b|如果|是否", re.IGNORECASE)
DENIAL = re.compile(
    r"\b(?:not|never|no|none|neither|nor|cannot|without|doubt|unsure|unclear|unable|could|might|maybe|perhaps|possibly|nicht|kein\w{0,2}|pas|"
    r"não|не)\b|n['’]t\b|不|没",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"[,;:]|\b(?:but|so|therefore|thus|hence|however)\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?。！？]\s+(?=\S)|\n")
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
