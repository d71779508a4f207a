"""What a person wants with a message, told from its words."""

import functools
import re
from enum import StrEnum


class Intent(StrEnum):
    """What the message asks of the answer."""

    GREET = "greet"
    LEAVE = "leave"
    THANK = "thank"
    ASK_WELLBEING = "ask_wellbeing"
    ASK_ABOUT_BOT = "ask_about_bot"
    ASK_ABILITIES = "ask_abilities"
    ASK_NAME = "ask_name"
    ASK_LIKES = "ask_likes"
    ASK_DISLIKES = "ask_dislikes"
    ASK_ALL = "ask_all"
    ASK_ECHO = "ask_echo"
    ASK_LAST_SAID = "ask_last_said"
    ASK_SAID = "ask_said"
    ASK_TOPICS = "ask_topics"
    TELL_NAME = "tell_name"
    TELL_LIKE = "tell_like"
    TELL_DISLIKE = "tell_dislike"
    TELL_FACT = "tell_fact"
    WANT_JOKE = "want_joke"
    WANT_STORY = "want_story"
    WANT_CODE = "want_code"
    WANT_LIST = "want_list"
    WANT_ESSAY = "want_essay"
    WANT_MORE = "want_more"
    WANT_THOUGHT = "want_thought"
    SUFFER = "suffer"
    REJOICE = "rejoice"
    PRAISE = "praise"
    CRITICISE = "criticise"
    AGREE = "agree"
    DISAGREE = "disagree"
    ASK_CHOICE = "ask_choice"
    ASK_REASON = "ask_reason"
    ASK = "ask"
    NOD = "nod"
    STATE = "state"


_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_MARKUP = re.compile(r"<(?:@[!&]?|#|a?:\w+:|t:)[\w:]+>|https?://\S+|^[ \t]*>.*$", re.MULTILINE)
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'"})
_BARE_CONTRACTION = re.compile(
    r"\b(?:(i)(m|ve)|(you|we|they)(re|ve)|(what|that|there|who)(s)|(do|does|did|is|are|was|have|has|ca|could|would|should)(nt))\b",
    re.IGNORECASE,
)
_LONGEST_READ = 1200

_HELLO = r"(?:hi+|hiya|hey+|hello+|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|morning|sup|welcome back)"
_OPENER = re.compile(
    rf"(?:{_HELLO}(?: there| again| all| everyone)?|ok(?:ay)?|well|so|um+|hm+|and|but|also|oh|ah)(?=[\s,!.?:;-]|$)[\s,!.?:;-]*",
    re.IGNORECASE,
)
_CALL = rf"(?:{_HELLO}|thanks|thank you|thx|cheers|ok|okay|well|good ?night|bye|goodbye|no|yes)"
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

_MOODS = (
    r"sad|depressed|down|lonely|alone|anxious|nervous|tired|exhausted|stressed|overwhelmed|afraid|scared|worried|lost|"
    r"stuck|hopeless|burn(?:ed|t) out|unhappy|miserable|frustrated|heartbroken|ashamed|jealous|empty|sick|grieving"
)
_THINGS = r"ideas|tips|steps|ways|suggestions|options|reasons|things|an? list|examples|books|checklist|names|questions|pieces of advice"

_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (Intent.ASK_NAME, r"\bwhat(?:'s| is|s) my name\b|\bwho am i\b|\b(?:know|remember|recall|forgot(?:ten)?) (?:what )?my name\b|\bwhat am i called\b"),
    (Intent.ASK_LIKES, r"\bwhat(?: kinds? of \w+)? do i (?:like|love|enjoy)\b|\bwhat i (?:like|love|enjoy)\b.*\?|\bmy (?:likes|hobbies|interests)\?|\bthings i (?:like|love)\b"),
    (Intent.ASK_DISLIKES, r"\bwhat do(?:n't)? i (?:hate|dislike|not like|like least)\b|\bwhat don't i like\b|\bwhat i (?:hate|dislike)\b.*\?"),
    (Intent.ASK_ALL, r"\b(?:know|remember|recall|learn(?:ed|t)?) (?:anything |something |so far )?about me\b|\b(?:do you|you still) remember me\b|\bwhat (?:have|did) i (?:told|tell|said|say)(?: to)? you(?: so far| about (?:me|myself))?\s*\?*$"),
    (Intent.ASK_ECHO, r"\bwhat did you (?:just )?say\b|\b(?:say|repeat) (?:that|it) again\b|\brepeat (?:that|yourself|what you)\b|\bwhat was your (?:last )?answer\b"),
    (Intent.ASK_TOPICS, r"\bwhat (?:did|have|were|was|are) we (?:just |been )*(?:talk|speak|discuss|chat)|\bwhere were we\b|\bwhat was this about\b"),
    (Intent.ASK_LAST_SAID, r"\bwhat (?:did i|have i|was i|i) (?:just |last )?(?:say|said|saying|ask|asked|asking|write|wrote|tell you|mention)(?: (?:just now|before|earlier|last|a moment ago|to you))*\s*\?*$|\bremember what i (?:just )?(?:said|told you|asked|wrote)(?: (?:before|earlier|last))*\s*\?*$"),
    (Intent.ASK_SAID, r"\b(?:do|did|can|don't) you (?:still )?(?:remember|recall)\b|\bwhat (?:did|has|have|was) (?!you\b|we\b)[\w']+ (?:say|said|tell|told|mention(?:ed)?|ask(?:ed)?|write|written|telling|saying)\b|\bremember (?:when|that|what|my|where|who|how)\b.*\?|\b(?:have|did) i (?:told|tell|mention(?:ed)?)\b.*\?|\b(?:i told you|as i said)\b.*\?"),
    (Intent.ASK_ABOUT_BOT, r"\bwho are you\b|\bwhat are you\b(?! (?:doing|talking|saying|on|up|trying|waiting))|\bintroduce yourself\b|\babout yourself\b|\bwhat(?:'s| is) your name\b|\bare you (?:an? )?(?:\w+ )?(?:bot|human|person|real|robot|ai|machine|alive|conscious)\b|\bwho (?:made|built|created) you\b"),
    (Intent.ASK_ABILITIES, r"\bwhat can you (?:do|help)\b|\bhow can you help\b|\bwhat do you do\b|\bwhat are you (?:able|good)\b|\bcan you help(?: me)?\s*\?*$|^help[!.?]*$|\bwhat (?:do you know|are your skills)\s*\?*$"),
    (Intent.ASK_WELLBEING, r"\bhow are (?:you|things|we)\b|\bhow(?:'s| is) (?:it going|life|everything|your day)\b|\bhow (?:have you been|do you feel(?! about))\b|\bwhat(?:'s| is) up\b|\bhow do you do\b|^(?:what'?s|wass?)up\b|\bhow r u\b"),
    (Intent.WANT_JOKE, r"\bjokes?\b|\bmake me laugh\b|\bsomething funny\b|\ba pun\b"),
    (Intent.WANT_CODE, r"\b(?:write|show|give|need|have|see|post|share|want|make|got|send)\b.*\b(?:code|snippet|script|function|program|query|regex|one-liner|implementation)\b|\bcode (?:example|sample|for|that|to)\b|\bexample (?:code|in (?:python|bash|sql|rust|go|c))\b|\bhow (?:do|would|can) (?:i|you|we) (?:code|implement|write) .*\b(?:python|bash|sql|shell|function|script)\b"),
    (Intent.WANT_LIST, rf"\b(?:give|name|list|show|share|make|need|want|suggest|brainstorm|any|some|few|top|send|got|have|what are|\d+)\b[^.!?]*\b(?:{_THINGS})\b|^(?:list|brainstorm|suggest|enumerate)\b|\bstep by step\b"),
    (Intent.WANT_STORY, r"\b(?:tell|write|give|make|read|want|need|know|hear|share|invent|sing)\b.*\b(?:story|stories|tale|parable|poem|poetry|haiku|song|fable|anecdote)\b|^(?:a )?(?:story|poem|tale)\b"),
    (Intent.WANT_ESSAY, r"\bin (?:great |more |full )?(?:detail|depth)\b|\bat length\b|\bessay\b|\blong(?:er)? (?:answer|explanation|version|text|reply|message|read)\b|\b(?:all|everything) (?:about|you know|there is)\b|\bdeep dive\b|\bexplain\b.*\b(?:fully|thoroughly|completely|properly)\b|\bwrite (?:me )?(?:an? )?(?:article|long)\b|\bgo (?:deep|into detail)\b|\blecture\b"),
    (Intent.WANT_MORE, r"\bwhat (?:does|do) (?:that|it|this|you) mean\b|^(?:can|could|would|will) you (?:please )?explain(?: (?:it|that|this))?\s*\?*$|^(?:please )?explain(?: (?:it|that|this))?[.!?]*$|\b(?:tell me|say|know|hear) (?:a (?:bit|little) )?more\b|^(?:more|go on|continue|please continue|keep going|elaborate|and then|what else|anything else|another(?: one)?|next)\b[\w ]{0,20}[!.?]*$|\bcan you (?:elaborate|expand)\b|\bwhat do you mean\b|^(?:how so|why so|why not|why|how|meaning|like what|such as|for example|really|is it|so what)\s*\?+$"),
    (Intent.WANT_THOUGHT, r"\b(?:tell|say|show) (?:me |us )?(?:something|anything)(?: (?:new|interesting|nice|fun|wise|smart|random|else|cool|clever))?[!.?]*$|\b(?:surprise|entertain|inspire) me\b|\bfun fact\b|\bwhat(?:'s| is) on your mind\b|\bwhat are you thinking\b"),
    (Intent.SUFFER, rf"\b(?:is|are) (?:very |really |so )?(?:sick|ill|dying|in (?:the )?hospital)\b|\bhas cancer\b|\bi(?:'m| am| feel|'ve been|'m feeling| am feeling| have been)(?: (?:so|very|really|a bit|a little|kind of|quite|too|just|always|still|feeling|rather|pretty|totally|completely))* (?:{_MOODS})\b(?! (?:on|at) (?:the|my|a|an|this|step)\b)|\b(?:died|passed away|broke up with|left me|got fired|was fired|lost my (?:job|wife|husband|friend|mother|father|dog|cat))\b|\bi (?:can't sleep|can't cope|failed|messed up|give up|hate my(?:self| life))\b|\b(?:bad|awful|terrible|horrible|rough|hard) (?:day|week|night|time)\b"),
    (Intent.REJOICE, r"\bi (?:just )?(?:passed|won|did it|finished|made it|succeeded|got (?:the|a|an) (?:job|offer|raise|promotion)|got (?:promoted|married|engaged|accepted)|fixed it|solved it)\b|\b(?:good|great) news\b|\bi(?:'m| am)(?: (?:so|very|really))* (?:happy|excited|proud|thrilled|glad)\b|\bit (?:finally )?work(?:s|ed)(?= now| again|[!.,]|$)|(?<!\bthat )(?<!\bthis )\b(?:was|went) (?:so |really |absolutely |just )?(?:great|amazing|awesome|wonderful|fantastic|perfect|brilliant)\b|\b(?:yay|woo+hoo+|hooray|hurray)\b"),
    (Intent.CRITICISE, r"\byou(?:'re| are)(?: \w+)? (?:wrong|stupid|dumb|useless|bad|boring|annoying|an idiot|terrible|no help|not helping|repeating)\b|\bbad bot\b|\bthat(?:'s| is|s| was) (?:wrong|nonsense|stupid|boring|bad|terrible|lame|useless|dumb|not (?:true|right|helpful|funny|what))\b|\bnonsense\b|\bshut up\b|\b(?:makes|make) no sense\b|\byou (?:don't|do not) (?:understand|get it|listen)\b|\bnot what i (?:asked|meant|said)\b|\bi (?:don't|do not|didn't|did not) (?:like|love|get) (?:that|this|it)\b|\byou suck\b|\byou already said\b"),
    (Intent.PRAISE, r"\bgood bot\b|\byou(?:'re| are| were)(?: (?:so|very|really|a|an|the|pretty|quite))* (?:great|awesome|amazing|nice|kind|smart|clever|wise|funny|helpful|brilliant|cool|sweet|best|wonderful|genius|right)\b|\bi (?:love|like|appreciate) (?:you|that|this|it|your)\b|\bwell (?:said|put)\b|^(?:(?:(?:ha)+h?|lol|oh|wow)[\s,!.]+)?(?:that(?:'s| is| was) )?(?:so |very |really |pretty )?(?:nice|brilliant|awesome|cool|great|wow|beautiful|amazing|perfect|lovely|excellent|good|interesting|fascinating|helpful|funny|ha(?:ha)+|lol|lmao|rofl)(?: one| idea| answer| work| stuff| thanks)?[\s!.:)]*$"),
    (Intent.LEAVE, r"\b(?:good ?)?bye\b|\bgood ?night\b|\bsee (?:you|ya)\b|\bc(?:ya|u later)\b|\bfarewell\b|\bgtg\b|\bttyl\b|\bi (?:have|need|must|got) to (?:go|leave|run|sleep)\b|\bi(?:'m| am) (?:off|leaving|going to bed)\b|\btake care\b|\btalk (?:to you )?(?:later|soon|tomorrow)\b|^later[!.]*$"),
    (Intent.THANK, r"\bthank(?:s| you|ing)\b|\bthx\b|\bty\b|\bcheers\b|\bmuch appreciated\b|\bgrateful\b"),
    (Intent.AGREE, r"^(?:yes|yeah|yep|yup|sure|ok(?:ay)?|right|exactly|true|indeed|agreed|of course|absolutely|definitely|totally|i agree|fair(?: enough)?|good point|makes sense|i (?:think|guess|suppose) so|you(?:'re| are) right|i will|sounds good|let's do it|please do|correct)\b(?:[\s,!.]+[\w']+){0,3}[\s!.]*$"),
    (Intent.DISAGREE, r"^(?:no|nope|nah|never|not (?:really|at all|quite|sure|yet)|i (?:disagree|don't (?:think so|agree|know|care)|doubt it)|wrong|hardly|no idea|dunno|idk)\b(?:[\s,!.]+[\w']+){0,3}[\s!.]*$"),
)  # fmt: skip
_COMPILED = tuple((intent, re.compile(pattern, re.IGNORECASE)) for intent, pattern in _PATTERNS)

_CHOICE = re.compile(
    r"\b(?:better|worse|nicer|cooler|faster|stronger|safer) than\b[^.!]*\?|\b[\w']+ or [\w']+[^.!?\n]*\?|\b(?:vs|versus)\b|^(?:should i|would you rather|do you prefer) .* or ",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"^(?:why|how come|what makes)\b|\bwhy (?:do|does|did|is|are|am|can|should)\b", re.IGNORECASE
)
_ASKING = re.compile(
    r"\?|^(?:what|who|whom|whose|where|when|why|how|which|is|are|am|was|were|do|does|did|can|could|should|would|will|shall|may|might|have|has|any|anyone|tell me|explain|describe|define|help me)\b",
    re.IGNORECASE,
)
# "Where do I live?" asks for what was told; "what do I do?" asks for advice.
_ABOUT_OWN = re.compile(
    r"\b(?:what|where|when|who|which|how (?:old|many|long|much))(?:'s| [\w']+){0,3} (?:my|(?:do|did|am|was|have) i)\b"
    r"(?! (?:do|need|say|choose|begin|tell|have to|supposed)\b)",
    re.IGNORECASE,
)
_FEW_WORDS = 2


def plain(content: str, own_names: tuple[str, ...] = ()) -> str:
    """Reduce a message to its words: no code, links or mentions, no leading name of the bot."""
    text = _MARKUP.sub(" ", _CODE_BLOCK.sub(" ", content[:_LONGEST_READ]))
    text = " ".join(text.translate(_APOSTROPHES).split())
    text = _BARE_CONTRACTION.sub(_with_apostrophe, text)
    for name in own_names:
        text = re.sub(rf"^@?{re.escape(name)}\b[\s,:!.-]*", "", text, flags=re.IGNORECASE)
        text = re.sub(rf"^({_CALL})[\s,]+@?{re.escape(name)}\b", r"\1", text, flags=re.IGNORECASE)
        text = re.sub(rf",\s*@?{re.escape(name)}\s*(?=[?!.]*$)", "", text, flags=re.IGNORECASE)
    return text.strip()


def _with_apostrophe(match: re.Match[str]) -> str:
    """Write "im" and "dont" as they are meant."""
    word, ending = (part for part in match.groups() if part)
    return f"{word}n't" if ending.lower() == "nt" else f"{word}'{ending}"


def without_list_words(text: str) -> str:
    """Leave out the words that only ask for a list: "three ideas for" says nothing of ideas."""
    return re.sub(rf"\b(?:{_THINGS}|brainstorm)\b", " ", text, flags=re.IGNORECASE)


def asks_for_told(text: str) -> bool:
    """Tell whether the text asks for something that its writer would have told."""
    return _ABOUT_OWN.search(text) is not None


def is_greeting(text: str) -> bool:
    """Tell whether the text opens with a greeting."""
    return re.match(rf"{_HELLO}(?![\w'])", text, re.IGNORECASE) is not None


def without_openers(text: str) -> str:
    """Leave out greetings and fillers before what the message is about."""
    while match := _OPENER.match(text):
        text = text[match.end() :]
    return text


@functools.lru_cache(maxsize=512)
def classify(text: str) -> Intent:
    """Tell what a plain text wants. What it tells about its writer is `memory`'s business."""
    rest = without_openers(text)
    if not _WORD.search(rest):
        return Intent.GREET if is_greeting(text) else Intent.NOD
    for intent, pattern in _COMPILED:
        if pattern.search(rest):
            return intent
    return _sentence_kind(rest, greeted=is_greeting(text))


def _sentence_kind(text: str, *, greeted: bool) -> Intent:
    if _CHOICE.search(text):
        return Intent.ASK_CHOICE
    if _REASON.search(text):
        return Intent.ASK_REASON
    if _ASKING.search(text):
        return Intent.ASK
    if len(_WORD.findall(text)) <= _FEW_WORDS:
        return Intent.GREET if greeted else Intent.NOD
    return Intent.STATE
