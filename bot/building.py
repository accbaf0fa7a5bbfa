"""data/*.yaml -> the one JSON file that runs. The only reader of YAML; wrong data is refused with file, line and column."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.matching import fold

FORMAT = 2
ACTORS = ("sender", "sender-admin", "recipient", "recipient-admin", "wait")
STRENGTHS = {"certain": 3, "likely": 2, "weak": 1}
KINDS = ("mailbox", "filter", "blocklist", "sender", "forwarder", "mta")
CODE_PERMANENCES = ("done", "intermediate", "temporary", "permanent", "client")
WEIGHTS = ("decides", "hints", "nothing")
SITUATIONS = ("hosting", "postfix", "exim", "plesk", "exchange", "esp", "script", "client")

_RULE = {"id", "reply", "status", "text", "marks", "unless", "detail", "permanence", "example"}
_ALLOWED = {
    "phrases": {"cause", "rules"},
    "phrase": _RULE | {"strength", "who", "sense"},
    "provider": {"id", "family", "name", "names", "kind", "recognise", "pages", "checked", "verified", "entries", "closed", "lookup"},
    "entry": _RULE | {"anywhere", "cause", "who", "source", "checked", "verified"},
    "recognise": {"hosts", "urls", "text", "domains", "zones"},
    "reply": {"code", "alone", "standard", "defined_in", "permanence", "who", "causes", "article", "dots_dropped", "source", "checked", "verified"},
    "enhanced": {"code", "registered_name", "reference", "basic_codes", "classes", "weight", "cause", "cause_4", "causes", "detail",
                 "who", "collisions", "source", "checked", "verified"},
}  # fmt: skip


class Located(dict[str, Any]):
    """A mapping that knows where it began in its file."""

    line = 0
    column = 0
    file = ""


def _fail(where: Any, problem: str, entry: str | None = None) -> DataError:
    place = f"{where.file}:{where.line}:{where.column}: " if isinstance(where, Located) and where.file else ""
    return DataError(f"{place}{f'entry {entry}: ' if entry else ''}{problem}")


def read_yaml(path: Path, shown: str | None = None) -> Any:
    """The content of one YAML file, mappings as Located; a broken file or a key given twice raises DataError."""
    import yaml

    shown = shown or str(path)

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    def mapping(loader: Any, node: Any) -> Iterator[Located]:
        made = Located()
        made.line, made.column, made.file = node.start_mark.line + 1, node.start_mark.column + 1, shown
        yield made
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node, deep=True))
            if key in made:
                mark = key_node.start_mark
                raise DataError(f"{shown}:{mark.line + 1}:{mark.column + 1}: {key!r} is given twice")
            made[key] = loader.construct_object(value_node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    # As in YAML 1.2 only true and false are truth values: `no`, `on` and `off` are words that phrases are made of.
    Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(path.read_bytes(), Loader)  # noqa: S506 - a SafeLoader with places
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
        raise DataError(f"{where}: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{shown}: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise DataError(f"{shown}: {error.strerror}") from None


def _read_mapping(path: Path, shown: str) -> Located:
    """A YAML file that holds a mapping; empty where it holds nothing."""
    raw = read_yaml(path, shown)
    if raw is not None and not isinstance(raw, Located):
        raise DataError(f"{shown}:1:1: a mapping is expected")
    return raw or Located()


@contextmanager
def _in_form(shown: str) -> Iterator[None]:
    """Around the reading of one file: what is of another form than any check foresaw is a fault of the file."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DataError(f"{shown}:1:1: not in the form that data/README.md describes") from None


def _strings(value: Any, where: Any, name: str, entry: str | None = None) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(item, str | int | float) for item in values):
        raise _fail(where, f"`{name}` takes words or a list of words", entry)
    return [str(item) for item in values]


def _only(where: Located, sort: str, entry: str | None = None) -> None:
    unknown = set(where) - _ALLOWED[sort]
    if unknown:
        raise _fail(where, f"unknown field {', '.join(sorted(unknown))}", entry)


def _statuses(raw: Any, where: Located, entry: str) -> list[str]:
    out: list[str] = []
    for value in _strings(raw, where, "status", entry):
        first, dash, last = value.lower().partition("-")
        parts = first.split(".")
        if len(parts) != 3 or not all(part == "x" or part.isdigit() for part in parts):
            raise _fail(where, f"{value!r} is no enhanced status code", entry)
        if dash:
            low, high = int(parts[2]), int(last.rsplit(".", 1)[-1])
            if not low < high <= 999:
                raise _fail(where, f"{value!r} is no range", entry)
            out += [f"{parts[0]}.{parts[1]}.{number}" for number in range(low, high + 1)]
        else:
            out.append(".".join(parts))
    return out


def _rule(raw: Located, rule_id: str, cause: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """The fields common to all rules, checked; `facts` holds causes and details."""
    causes = facts["causes"]
    if cause not in causes:
        raise _fail(raw, f"unknown cause {cause!r}", rule_id)
    detail = raw.get("detail")
    if detail:
        detail = str(detail) if "/" in str(detail) else f"{cause}/{detail}"
        slug, _, rest = detail.partition("/")
        if rest not in (causes.get(slug, {}).get("details") or {}):
            raise _fail(raw, f"unknown detail {detail!r}", rule_id)
    replies = _strings(raw.get("reply"), raw, "reply", rule_id)
    for reply in replies:
        if not (len(reply) == 3 and reply[0].isdigit() and all(c.isdigit() or c == "x" for c in reply)):
            raise _fail(raw, f"{reply!r} is no reply code", rule_id)
    who = _strings(raw.get("who"), raw, "who", rule_id)
    if not set(who) <= set(ACTORS) or len(who) > 2:
        raise _fail(raw, f"`who` takes up to two of {', '.join(ACTORS)}", rule_id)
    permanence = raw.get("permanence")
    if permanence not in (None, "temporary", "permanent"):
        raise _fail(raw, "`permanence` is temporary or permanent", rule_id)
    if not (raw.get("text") or raw.get("marks") or raw.get("sense") or replies or raw.get("status")):
        raise _fail(raw, "an entry needs reply, status, text, sense or marks", rule_id)
    made = {
        "id": rule_id, "cause": cause, "detail": detail, "reply": replies, "status": _statuses(raw.get("status"), raw, rule_id),
        "text": _strings(raw.get("text"), raw, "text", rule_id), "marks": _strings(raw.get("marks"), raw, "marks", rule_id),
        "unless": _strings(raw.get("unless"), raw, "unless", rule_id), "sense": _sense(raw, rule_id, facts), "permanence": permanence, "who": who,
        "example": raw.get("example"), "at": f"{raw.file}:{raw.line}:{raw.column}",
    }  # fmt: skip
    return {key: value for key, value in made.items() if value not in (None, [])}


def _sense(raw: Located, rule_id: str, facts: dict[str, Any]) -> list[str]:
    """The senses of a rule, every name in them a set of data/senses.yaml."""
    senses = _strings(raw.get("sense"), raw, "sense", rule_id)
    for sense in senses:
        for name in sense.replace("!", "").replace("|", " ").split():
            if name not in facts["senses"]:
                raise _fail(raw, f"unknown set of words {name!r} in the sense {sense!r}", rule_id)
    return senses


def _read_senses(path: Path, shown: str) -> dict[str, list[str]]:
    raw = read_yaml(path, shown)
    if not isinstance(raw, Located):
        raise DataError(f"{shown}:1:1: a mapping of sets of words is expected")
    return {name: [fold(member) for member in _strings(members, raw, name)] for name, members in raw.items()}


def _phrase_rules(path: Path, shown: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
    raw = read_yaml(path, shown)
    if not isinstance(raw, Located):
        raise DataError(f"{shown}:1:1: a mapping with `cause` and `rules` is expected")
    _only(raw, "phrases")
    if not isinstance(raw.get("cause"), str):
        raise _fail(raw, "`cause` is missing")
    rules = []
    for item in raw.get("rules") or []:
        if not isinstance(item, Located):
            raise _fail(raw, f"{item!r} is no rule")
        rule_id = f"phrase/{raw['cause']}/{item.get('id', '?')}"
        _only(item, "phrase", rule_id)
        strength = item.get("strength", "likely")
        if strength not in STRENGTHS:
            raise _fail(item, f"`strength` is one of {', '.join(STRENGTHS)}", rule_id)
        rules.append(_rule(item, rule_id, raw["cause"], facts) | {"strength": STRENGTHS[strength]})
    return rules


def _provider(path: Path, shown: str, facts: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    raw = read_yaml(path, shown)
    if not isinstance(raw, Located):
        raise DataError(f"{shown}:1:1: a provider file is a mapping")
    _only(raw, "provider")
    for name in ("id", "family", "name", "kind"):
        if not isinstance(raw.get(name), str):
            raise _fail(raw, f"`{name}` is missing")
    if raw["kind"] not in KINDS:
        raise _fail(raw, f"`kind` is one of {', '.join(KINDS)}")
    seen = raw.get("recognise") or Located()
    if not isinstance(seen, Located):
        raise _fail(raw, "`recognise` is a mapping", raw["id"])
    _only(seen, "recognise", raw["id"])
    provider = {
        key: raw[key]
        for key in ("id", "family", "name", "kind", "checked", "verified", "closed", "lookup")
        if key in raw
    }
    provider["names"] = _strings(raw.get("names"), raw, "names")
    provider["pages"] = _strings(raw.get("pages"), raw, "pages")
    provider["recognise"] = {
        name: _strings(seen.get(name), seen, name) for name in sorted(_ALLOWED["recognise"]) if seen.get(name)
    }
    rules = []
    for item in raw.get("entries") or []:
        if not isinstance(item, Located) or not item.get("id"):
            raise _fail(item if isinstance(item, Located) else raw, "an entry needs an `id`", raw["id"])
        _only(item, "entry", item["id"])
        if not str(item["id"]).startswith(raw["id"] + "/"):
            raise _fail(item, f"the id of an entry begins with {raw['id']}/", item["id"])
        rule = _rule(item, item["id"], item.get("cause"), facts)
        source = item.get("source") or (provider["pages"][0] if provider["pages"] else None)
        extra = {"provider": raw["id"], "anywhere": item.get("anywhere"), "source": source,
                 "checked": item.get("checked") or raw.get("checked"),
                 "verified": item.get("verified", raw.get("verified"))}  # fmt: skip
        rules.append(
            rule
            | {key: value for key, value in extra.items() if value not in (None, True) or (key == "anywhere" and value)}
        )
    return provider, rules


def _codes(path: Path, shown: str, sort: str, facts: dict[str, Any]) -> dict[str, Any]:
    raw = read_yaml(path, shown)
    if not isinstance(raw, list | Located):
        raise DataError(f"{shown}:1:1: a list of codes is expected")
    rows = raw if isinstance(raw, list) else raw.get("codes") or raw.get("enumerated") or []
    out: dict[str, Any] = {}
    for row in rows:
        code = str(row.get("code", "")).upper()
        _only(row, sort, code)
        if code in out:
            raise _fail(row, "the code is given twice", code)
        named = [item["cause"] for item in row.get("causes") or []] if sort == "reply" else [row.get("cause"), row.get("cause_4"), *(row.get("causes") or [])]  # fmt: skip
        for cause in named:
            if cause is not None and cause not in facts["causes"]:
                raise _fail(row, f"unknown cause {cause!r}", code)
        if not set(row.get("who") or []) <= set(ACTORS):
            raise _fail(row, f"`who` takes {', '.join(ACTORS)}", code)
        if row.get("alone") not in (None, *facts["causes"]):
            raise _fail(row, f"unknown cause {row['alone']!r}", code)
        if sort == "reply" and row.get("permanence") not in CODE_PERMANENCES:
            raise _fail(row, f"`permanence` is one of {', '.join(CODE_PERMANENCES)}", code)
        if sort == "enhanced" and row.get("weight") not in WEIGHTS:
            raise _fail(row, f"`weight` is one of {', '.join(WEIGHTS)}", code)
        out[code] = row
    return out


def _texts(folder: Path, root: Path) -> dict[str, Any]:
    words: dict[str, Any] = {
        "reply": {},
        "enhanced": {},
        "ui": {},
        "incoming": {},
        "questions": {},
        "causes": {},
        "entries": {},
        "about": {},
    }
    for name in ("reply", "enhanced", "ui", "incoming", "questions"):
        path = folder / f"{name}.yaml"
        if path.exists():
            words[name] = {str(key).upper() if name == "enhanced" and str(key)[:2] in ("X.", "x.") else str(key): value
                           for key, value in _read_mapping(path, _shown(path, root)).items()}  # fmt: skip
    for path in sorted((folder / "causes").glob("*.yaml")):
        words["causes"][path.stem] = _read_mapping(path, _shown(path, root))
    for path in sorted((folder / "providers").glob("*.yaml")):
        for key, value in _read_mapping(path, _shown(path, root)).items():
            if key == "about":
                words["about"][path.stem] = value
            elif key in words["entries"]:
                raise DataError(f"{_shown(path, root)}: {key} is given twice")
            else:
                words["entries"][key] = value
    for kind in ("causes", "entries", "questions"):
        for key, value in words[kind].items():
            _only_text(value, f"{kind} {key}")
    return words


def _only_text(value: Any, where: str) -> None:
    """Refuse a list of steps with something else in it; an unquoted `: ` makes a mapping of a step."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _only_text(inner, f"{where} {key}")
    elif isinstance(value, list):
        for item in value:
            if not isinstance(item, str):
                raise DataError(f"data/text: {where}: {item!r} is no text; put quotes around it")


def _shown(path: Path, root: Path) -> str:
    return os.path.relpath(path, root.parent)


def data_files(data: Path) -> list[str]:
    """The YAML files of a data folder, relative and sorted."""
    return sorted(str(path.relative_to(data)) for path in data.rglob("*.yaml"))


def collect(data: Path) -> dict[str, Any]:
    """Everything in a data folder as one JSON-ready mapping, checked field by field; raises DataError."""
    causes_path = data / "causes.yaml"
    senses_path = data / "senses.yaml"
    senses = _read_senses(senses_path, _shown(senses_path, data))
    facts = {"causes": read_yaml(causes_path, _shown(causes_path, data))["causes"], "senses": senses}
    providers, rules, seen = {}, [], set[str]()
    for path in sorted((data / "phrases").glob("*.yaml")):
        rules += _phrase_rules(path, _shown(path, data), facts)
    for path in sorted((data / "providers").glob("*.yaml")):
        provider, entries = _provider(path, _shown(path, data), facts)
        providers[provider["id"]] = provider
        rules += entries
    for rule in rules:
        if rule["id"] in seen:
            raise DataError(f"{rule['at']}: entry {rule['id']}: the id is given twice")
        seen.add(rule["id"])
    reply_path, enhanced_path = data / "codes" / "reply.yaml", data / "codes" / "enhanced.yaml"
    enhanced = read_yaml(enhanced_path, _shown(enhanced_path, data))
    replies = read_yaml(reply_path, _shown(reply_path, data))
    return {
        "format": FORMAT,
        "files": data_files(data),
        "causes": facts["causes"],
        "senses": senses,
        "reply": _codes(reply_path, _shown(reply_path, data), "reply", facts),
        "reply_digits": {
            key: replies[key]
            for key in ("first_digits", "second_digits")
            if isinstance(replies, dict) and key in replies
        },
        "enhanced": _codes(enhanced_path, _shown(enhanced_path, data), "enhanced", facts),
        "enhanced_parts": {
            key: enhanced[key] for key in ("classes", "subjects") if isinstance(enhanced, dict) and key in enhanced
        },
        "providers": providers,
        "rules": rules,
        "words": {folder.name: _texts(folder, data) for folder in sorted((data / "text").iterdir()) if folder.is_dir()},
    }


def collect_own(data: Path, built: dict[str, Any]) -> dict[str, Any]:
    """An operator's folder, laid out as data/ with only what they add or replace; raises DataError with the place."""
    if not data.is_dir():
        raise DataError(f"{data}: no such folder")
    facts = {"causes": built["causes"], "senses": built["senses"]}
    providers: dict[str, Any] = {}
    rules: list[dict[str, Any]] = []
    for path in sorted((data / "phrases").glob("*.yaml")):
        with _in_form(_shown(path, data)):
            rules += _phrase_rules(path, _shown(path, data), facts)
    for path in sorted((data / "providers").glob("*.yaml")):
        with _in_form(_shown(path, data)):
            provider, entries = _provider(path, _shown(path, data), facts)
        providers[provider["id"]] = provider
        rules += entries
    own: dict[str, Any] = {
        "providers": providers,
        "rules": rules,
        "causes": {},
        "reply": {},
        "enhanced": {},
        "words": {},
    }
    for sort in ("reply", "enhanced"):
        path = data / "codes" / f"{sort}.yaml"
        if path.exists():
            with _in_form(_shown(path, data)):
                own[sort] = _codes(path, _shown(path, data), sort, facts)
    text = data / "text"
    if text.is_dir():
        with _in_form(_shown(text, data)):
            own["words"] = {folder.name: _texts(folder, data) for folder in sorted(text.iterdir()) if folder.is_dir()}
    return own


def build(data: Path, target: Path) -> None:
    """Write the JSON file that runs; the old one stays until the new one is whole."""
    made = collect(data)
    made["rules"] = [
        {key: value for key, value in rule.items() if key not in ("example", "at")} for rule in made["rules"]
    ]
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"), sort_keys=False, default=str)
    partial = target.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)
