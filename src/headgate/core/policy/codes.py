"""Every fault a policy can have: its stable name, what it says and what mends it.

The enumeration is closed: a fault that is not here cannot be reported, and a test provokes each
member from a file under `tests/bad`.
"""

from enum import Enum

from headgate.core.faults import Fault, Placed, Sentence


class Code(Enum):
    """A fault's stable name, what is wrong and what mends it; words in braces are filled in."""

    # Reading files
    FILE_UNREADABLE = (
        "file-unreadable",
        "{name} cannot be read: {reason}",
        "name a folder with a programme.yaml in it, or that file, and allow it to be read",
    )
    FILE_NOT_UTF_8 = ("file-not-utf-8", "byte {byte} is not UTF-8 text", "save the file as UTF-8")
    FILE_TOO_LARGE = (
        "file-too-large",
        "the file has {size} bytes, more than the {limit} a policy may have",
        "keep data out of the policy; a programme is read by people",
    )
    FILE_OUTSIDE = (
        "file-outside",
        "{name} leads out of the programme's folder",
        "copy the file into the folder, so that it travels with the programme",
    )
    OVERLAY_MISSING = "overlay-missing", "there is no file {name}", "give the path of its file"
    FILE_MISSING = (
        "file-missing",
        "there is no programme.yaml",
        "add programme.yaml beside the folders law/ and cases/",
    )

    # YAML
    YAML_SYNTAX = (
        "yaml-syntax",
        "this is not YAML 1.2: {reason}",
        "indent with spaces, never with tabs; put what has brackets or colons in it into quotes",
    )
    YAML_EMPTY = (
        "yaml-empty",
        "the file says nothing",
        "write the policy's sections, beginning with `headgate: 1`",
    )
    YAML_SHAPE = (
        "yaml-shape",
        "the file must be {shape}",
        "write {shape}, nothing before it and no second document after it",
    )
    YAML_DUPLICATE_KEY = (
        "yaml-duplicate-key",
        "`{key}` is written twice; the first is on line {first}",
        "keep one of the two",
    )
    YAML_KEY = (
        "yaml-key",
        "a key must be a plain word",
        "write the key as one word or text before the colon",
    )
    YAML_ALIAS = (
        "yaml-alias",
        "anchors and aliases (& and *) are not used in a policy",
        "write the value out where it is meant, so that each line stands for itself",
    )
    YAML_TAG = (
        "yaml-tag",
        "the tag {tag} is not used in a policy",
        "take the tag away; the grammar knows each value's type",
    )
    YAML_TOO_DEEP = (
        "yaml-too-deep",
        "more than {limit} levels stand inside each other",
        "write the policy flatter; no section needs so many levels",
    )

    # Dated values
    DATE_WRONG = (
        "date-wrong",
        "`{key}` is not a day",
        "write a day that exists as YYYY-MM-DD, without quotes",
    )
    DATE_MISSING = (
        "date-missing",
        "this entry of a dated history has no `from`",
        "write `from: YYYY-MM-DD`; only the first entry may do without",
    )
    DATE_ORDER = (
        "date-order",
        "`until` ({until}) is not after `from` ({from_})",
        "let `until` be the first day on which the value no longer holds",
    )
    DATE_OVERLAP = (
        "date-overlap",
        "from {day} on this value and the one on line {other} both hold",
        "end the earlier one with `until: {day}`, or take one away",
    )
    DATE_HOLE = (
        "date-hole",
        "nothing holds from {until} to {from_}",
        "let one entry end on the day on which the next begins",
    )
    DATE_EMPTY = (
        "date-empty",
        "`{path}` holds nothing from {day} on, though the policy needs it",
        "add an entry from that day, or take `until` away",
    )
    DATED_KEY = (
        "dated-key",
        "`{key}` has no meaning beside `value`",
        "use value, from, until, source, status and note only",
    )
    DATED_MIXED = (
        "dated-mixed",
        "this item has no `value`, unlike others of its list",
        "write all items as dated values, or none",
    )
    STATUS_UNKNOWN = (
        "status-unknown",
        "`{status}` is not a status",
        "write in force, announced or assumed",
    )
    SOURCE_WRONG = ("source-wrong", "a source is one text", "write `source: law/FILE.md#anchor`")
    SOURCE_FILE = (
        "source-file",
        "{file_named} is not among the files of law/",
        "add the file, or name one of: {files}",
    )
    SOURCE_ANCHOR = (
        "source-anchor",
        "{file_named} has no heading with the anchor `{anchor}`",
        "{mend}",
    )
    POLICY_NOT_YET = (
        "policy-not-yet",
        "the policy says nothing yet on {day}; it begins on {first}",
        "ask about a day from {first} on",
    )

    # Grammar
    KEY_UNKNOWN = ("key-unknown", "`{key}` has no meaning here", "{mend}")
    KEY_MISSING = ("key-missing", "`{path}` needs `{key}`", "add `{key}:` to it")
    TYPE_WRONG = ("type-wrong", "`{path}`: {reason}", "{mend}")
    CHOICE_WRONG = ("choice-wrong", "`{path}` is `{value}`", "write one of: {choices}")
    NAME_WRONG = (
        "name-wrong",
        "`{value}` is not a name that can travel in paths and journal lines",
        "use at most 64 lower-case letters, digits, dots, dashes and underscores",
    )
    VALUE_WRONG = "value-wrong", "`{path}`: {reason}", "write a value that the grammar allows there"
    RANGE_WRONG = ("range-wrong", "`{path}` is {value}, which is out of range", "write {range}")
    EMPTY_SECTION = (
        "empty-section",
        "`{path}` has nothing in it, and the policy needs one entry at least",
        "add the first entry",
    )
    TIMEZONE_UNKNOWN = ("timezone-unknown", "there is no time zone `{name}`", "{mend}")
    SHARE_WRONG = "share-wrong", "`{path}` is not an exact share", 'write "1/3", "0.1" or 10 %'
    TEXT_WITHOUT_ENGLISH = (
        "text-without-english",
        "`{path}` has no English",
        "add `en:`; other languages fall back to it",
    )
    VERSION_UNKNOWN = (
        "version-unknown",
        "this grammar is version 1, the file says {value}",
        "write `headgate: 1`, or use a Headgate that knows version {value}",
    )

    # What the sections say together
    SHARES_SUM = (
        "shares-sum",
        "the shares of `{path}` add up to {sum}, not to {of}",
        "change the shares, or `of`, so that nothing is left over or given twice",
    )
    WEIGHTS_SUM = (
        "weights-sum",
        "the weights of `{path}` add up to {sum}, not to 100",
        "change the weights so that they add up to 100 points",
    )
    PARTS_SUM = (
        "parts-sum",
        "survivors, wildcard and pool add up to {sum}, not to {of}",
        "change the parts so that all that is freed goes somewhere",
    )
    HOLDER_UNKNOWN = ("holder-unknown", "there is no holder `{name}`", "{mend}")
    SUPPORT_UNKNOWN = ("support-unknown", "there is no support `{name}`", "{mend}")
    CLASS_UNKNOWN = ("class-unknown", "the support has no class `{name}`", "{mend}")
    CALL_UNKNOWN = ("call-unknown", "there is no call `{name}`", "{mend}")
    REPEAT_TAKEN = "repeat-taken", "a call that `{name}` means is there", "rename one of them"
    GATE_UNKNOWN = ("gate-unknown", "the call has no gate `{name}`", "{mend}")
    SPOT_TAKEN = (
        "spot-taken",
        "a class of holders is called {name}, as the envelope of spot tenants is",
        "call it something else, or leave out `spot` of sharing",
    )
    CHIP_UNKNOWN = ("chip-unknown", "there is no chip `{name}`", "{mend}")
    RATE_MISSING = (
        "rate-missing",
        "chip `{name}` has no rate, though envelopes are measured by rates",
        "add `{name}` to the rates, a whole number",
    )
    UNIT_UNKNOWN = ("unit-unknown", "the support is not given in `{name}`", "use one of: {units}")
    UNIT_COUNT = "unit-count", "a block has one unit", "write for instance `block: {{gpu: 8}}`"
    ID_TWICE = (
        "id-twice",
        "`{name}` is used twice; the first is on line {first}",
        "give each its own id, because decisions name it",
    )
    OPENS_AFTER_CLOSES = (
        "opens-after-closes",
        "the call closes on {closes}, before it opens on {opens}",
        "let it close on the day it opens, or later",
    )
    DECIDES_BEFORE_CLOSES = (
        "decides-before-closes",
        "the call decides on {decides}, before it closes on {closes}",
        "decide on or after the day it closes",
    )
    DECIDES_BEFORE_POLICY = (
        "decides-before-policy",
        "the call decides on {decides}, and the policy says nothing before {first}",
        "let the `from:` of the whole file be {decides} or earlier",
    )
    STARTS_BEFORE_DECIDES = (
        "starts-before-decides",
        "awards start on {starts}, before the decision of {decides}",
        "start on or after the day of the decision",
    )
    TIES_ORDER = (
        "ties-order",
        "`{path}` has {name} after what leaves no one equal",
        "write smaller_request before first_come, first_come before lot, and nothing after lot",
    )
    STAGE_DATE = (
        "stage-date",
        "stage `{name}` is on {day}, out of order or outside {closes} to {decides}",
        "put the stages in order between closing and decision",
    )
    STAGE_KEEPS = (
        "stage-keeps",
        "stage `{name}` keeps {keeps}, no fewer than the {before} before it",
        "let each stage keep fewer than the last",
    )
    CAP_ABOVE_OFFER = (
        "cap-above-offer",
        "one application may have {cap} of {name}, more than the {offered} on offer",
        "lower the cap, or raise the offer",
    )
    OFFER_NOT_WHOLE = (
        "offer-not-whole",
        "{offered} on offer are not whole blocks of {block}",
        "offer a multiple of the block",
    )
    OFFER_ABOVE_SUPPLY = (
        "offer-above-supply",
        (
            "{offered} of {name} are on offer from {day}, by {calls}; the sites have {supply} then,"
            " in whole blocks of {block}"
        ),
        "offer {supply} of {name} at most on {day}, or add the lot that brings the rest",
    )
    OFFER_OUTLASTS_LOT = (
        "offer-outlasts-lot",
        (
            "a lot leaves on {day}, when {offered} of {name} may still be held, by {calls}; the"
            " sites have {supply} from then on, in whole blocks of {block}"
        ),
        "offer {supply} of {name} at most, let awards end by {day}, or extend the lot beyond it",
    )
    HOURS_ABOVE_SUPPLY = (
        "hours-above-supply",
        (
            "{offered} {unit} of {name} may be used from {day} to {until}, by {calls}; the lots"
            " usable on {day} give {supply}"
        ),
        "offer less, so that {supply} suffice from {day} to {until}, or add a lot usable by then",
    )
    LOT_STATE = (
        "lot-state",
        "{state} of the lot's {gpus} GPUs are the state's, more than were bought",
        "let state_gpus be at most gpus",
    )
    LOT_DATES = (
        "lot-dates",
        "the lot ends on {until}, not after the day it becomes usable, {usable}",
        "let `until` be later than `usable`",
    )
    MAINTENANCE_WRONG = (
        "maintenance-wrong",
        "maintenance of {gpus} GPUs from {begins} until {ends} is none of a lot of {state}",
        "let `ends` be later than `begins`, and `gpus` at most the lot's state_gpus",
    )
    LEAST_ABOVE_MOST = (
        "least-above-most",
        "`{path}` has at least {least} but at most {most}",
        "let `least` be no larger than `most`",
    )
    FIELDS_CLASH = (
        "fields-clash",
        "the form field `{name}` has the name of a fact that every one has",
        "give the field another name",
    )
    ANCHOR_MISSING = (
        "anchor-missing",
        "pillar `{name}` is anchored, but has no anchor",
        "add `anchor:`, the measure that gets full marks",
    )
    PILLAR_UNKNOWN = ("pillar-unknown", "`{name}` is no pillar of the round", "{mend}")
    PLAN_PILLARS = (
        "plan-pillars",
        "the plan of the round lacks the pillars: {names}",
        "say how many clusters each pillar will have, and their spread",
    )
    STYLE_ASTRAY = (
        "style-astray",
        "pillar `{name}` is of {kind}, and style is taken out of votes only",
        "leave `style:` out, or make the pillar one of votes",
    )
    TIE_BREAKERS_ASTRAY = (
        "tie-breakers-astray",
        "the remedy is {remedy}, and {count} tie-breakers are named",
        "name `tie_breakers:` with the remedy named_tie_breakers, and with no other",
    )
    FREEZE_DATE = (
        "freeze-date",
        "the method is signed on {day}, not between the award on {decides} and the round on {on}",
        "name a day after the call decides and before the round",
    )
    SUBMISSION_DATE = (
        "submission-date",
        "final models come in by {day}, not after {after} and up to the round on {on}",
        "name a day after the method is signed, no later than the round",
    )
    DEVELOPMENT_SHORT = (
        "development-short",
        "{had} days lie between award and final model, and each team is promised {days}",
        "move `submissions.by`, or promise fewer `equal_development_days`",
    )
    WINDOW_OUTLASTS_TERM = (
        "window-outlasts-term",
        "decided on {on}, it is decided again until {last}; on {turn} others hold what was freed",
        "hold the round earlier, or shorten the days",
    )
    ROUNDS_SAME_DAY = (
        "rounds-same-day",
        "{name} and {first} judge the same awards on {day}",
        "give each round of a call a day of its own",
    )
    ROUND_WIDENS = (
        "round-widens",
        "{name} lets {most} stay and {first} before it only {before}",
        "let no later round keep more than the one before",
    )
    BAR_ASKS = (
        "bar-asks",
        "the bar {name} asks for nothing, or for two things",
        "write either `points:` or `declared: true`",
    )
    BAR_REFERENCE = (
        "bar-reference",
        "the bar {name} compares with a system that cannot be measured there",
        "name a `pillar:` of items for it, and `points:` as percent of what the reference reaches",
    )
    BAR_UNSIGNED = (
        "bar-unsigned",
        "the bar {name} is what teams declare, and nobody signs",
        "add `freeze: {{on: DAY}}`: a team declares its target as it signs the method",
    )
    RATERS_ASTRAY = (
        "raters-astray",
        "the pillar {name} is of items, which nobody rates",
        "move `raters:` to a pillar of experts, users or votes",
    )
    RUNNER_ASTRAY = ("runner-astray", "{name} is rated, not run", "move `runner:` to items")
    AGREEMENT_ASTRAY = (
        "agreement-astray",
        "the pillar {name} is of votes, and agreement is one of marks",
        "leave `agreement:` out: the errors of votes are taken by voter",
    )
    INVOICE_WITHOUT_FEE = (
        "invoice-without-fee",
        "awards of the call {name} are invoiced and owe no fee",
        "add `fee:` to the call, or leave `invoice:` out",
    )
    FEE_WITHOUT_PRICE = (
        "fee-without-price",
        "awards of {name} owe a share of its price, and it has none",
        "add `{price}:` to {name}, in the programme's currency, or leave `fee:` out",
    )
    WORKING_DAYS_UNKNOWN = (
        "working-days-unknown",
        "`{path}` counts working days, and nothing says which days are days of rest",
        "add `programme.calendar.rest` with its weekdays and holidays, or count days",
    )
    KNOWN_ASTRAY = ("known-astray", "{name} leaves nobody out by known answers", "add `attention:`")
    WILDCARD_NEVER = (
        "wildcard-never",
        "a wildcard call refills places, and no place has to be filled: `least` is 0",
        "raise `stay.least`, or leave `wildcard:` out",
    )
    ITEMS_OF_NOTHING = (
        "items-of-nothing",
        "the remedy is further items, and no pillar has items",
        "name another remedy, or a pillar of items",
    )
    PASS_MARK = (
        "pass-mark",
        "the pass mark {mark} is above the {full} points that can be had",
        "lower the pass mark",
    )
    ROUND_BEFORE_START = (
        "round-before-start",
        "the round of {day} is not after the awards of {call} start on {starts}",
        "put the round after the start",
    )

    # Rules
    RULE_SYNTAX = (
        "rule-syntax",
        "the expression is not CEL: {reason}",
        "mend the expression at this column",
    )
    RULE_NAME = (
        "rule-name",
        "the expression names `{name}`, which no applicant or application has",
        "{mend}",
    )
    RULE_FUNCTION = ("rule-function", "there is no function `{name}`", "{mend}")
    RULE_FLOAT = (
        "rule-float",
        "the expression has the inexact number {name}",
        "compare whole numbers: instead of a > 1.5 * b write 2 * a > 3 * b",
    )
    RULE_TYPE = (
        "rule-type",
        'the expression fails on a plain applicant (the engine says "{words}")',
        "compare like with like; `size(x)`, `has(x)` and quotes help",
    )
    RULE_RESULT = (
        "rule-result",
        "the expression gives {given}, not {expected}",
        "write a condition that is {expected}",
    )

    # Cases
    CASE_WRONG = (
        "case-wrong",
        "case `{name}` expects {expected}; the policy says {answer}",
        "mend the case, or the rule it tries",
    )
    CASE_PATH = (
        "case-path",
        "case `{name}` asks about `{path}`, which is not there on {day}",
        "{mend}",
    )
    CASE_FAILS = ("case-fails", "case `{name}` has no answer: {reason}", "{mend}")
    EXCEPTIONS_BOTH = (
        "exceptions-both",
        "exceptions `{name}` and `{other}` ({where}) both apply in case `{case}`",
        "narrow one of the two, so that no one has two answers",
    )
    HOLDERS_BOTH = (
        "holders-both",
        "holders `{name}` and `{other}` ({where}) both apply in case `{case}`",
        "narrow one of the two, so that no one has two envelopes",
    )

    # Adoption
    RULE_UNFIRED = "rule-unfired", "no case fires the rule `{name}`", "add a case where it decides"
    NOT_IN_FORCE = (
        "not-in-force",
        "`{path}` is {status}",
        "give it a source in force; only the simulator may use other values",
    )

    # Overlays
    OVERLAY_PATH = ("overlay-path", "there is no `{path}` to change on {day}", "{mend}")
    OVERLAY_PERIOD = (
        "overlay-period",
        "an overlay needs `from` and either a later `until` or `onwards: true`",
        "write both, so that nobody has to guess how long it holds",
    )

    @property
    def id(self) -> str:
        """The stable name, for tests and translations."""
        return self.value[0]

    def at(self, place: Placed, **words: object) -> Fault:
        """The fault at a place, with its sentences filled in."""
        what, mend = (Sentence(form, **words).printable() for form in self.value[1:])
        return Fault(place.file, place.line, place.column, self.id, what, mend)
