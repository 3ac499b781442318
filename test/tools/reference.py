"""The reference, from the comments in the headers: `reference.py [--names | --check]`.

Writes docs/reference/, one page for each folder of headers. Writes nothing with --names, and with --check, which fails where a page
would change.
Fails in any case for a public name without a comment: types, concepts, functions, constants and aliases of namespaces pgq and
walmgr outside of `detail`, and public member functions. A comment speaks for the declarations that follow it without an empty line, for overloads of the
same name in the header, a type's comment for its fields, constructors and operators, and a concept's for the functions it asks for. What holds for all
names of a folder, threads, errors, cost and units, is in reference_rules.py; a folder that is missing there is refused.
"""
import dataclasses
import pathlib
import re
import sys

from reference_rules import EVERYWHERE, rules_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
PAGES = ROOT / "docs/reference"
OPEN, CLOSE = "([{", ")]}"


@dataclasses.dataclass
class Name:
    kind: str  # type, concept, function, constant, alias
    name: str
    code: str
    comment: list
    members: list = dataclasses.field(default_factory=list)
    grouped: bool = False  # stands right below another declaration

    def documented(self):
        return bool(self.comment)


class Reader:
    """Reads declarations in the style that clang-format leaves: a comment is a line of its own or the end of one."""

    def __init__(self, text):
        self.lines = text.splitlines()
        self.at = 0

    def header_comment(self):
        said = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("///"):
            said.append(comment_text(self.lines[self.at]))
            self.at += 1
        return said

    def declaration(self):
        """The next one as (comment, code lines, grouped), None at the end. A `{` of a scope ends it, and `}` is one by itself."""
        comment, grouped = [], True
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            if line.startswith("///"):
                comment.append(comment_text(line))
                grouped = False
            elif line == "" or line.startswith(("#", "//")) or line in ("public:", "protected:", "private:"):
                if line in ("public:", "protected:", "private:"):
                    self.at += 1
                    return [], [line], False
                if line == "":
                    comment, grouped = [], False
            else:
                return comment, self.code(), grouped
            self.at += 1
        return None

    def code(self):
        """The lines of one declaration. Bodies and initialisers are skipped, scopes are not."""
        taken, depth = [], 0
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            bare = without_text(line)
            if not bare.strip():
                continue
            taken.append(line.rstrip())
            if depth == 0 and opens_scope(taken):
                return taken
            depth += sum(bare.count(c) for c in OPEN) - sum(bare.count(c) for c in CLOSE)
            if depth < 0:  # the end of the scope around
                return taken
            if depth == 0 and (bare.rstrip().endswith((";", "}", "};")) and not continues(taken, self.lines[self.at:])):
                return taken
        return taken


def comment_text(line):
    return re.sub(r"^\s*///<? ?", "", line).rstrip()


# A digit separator is no quote.
TEXT = re.compile(r'''"(?:\\.|[^"\\])*"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\])'|//.*''')


def without_text(line):
    """A line without strings, characters and comments."""
    return TEXT.sub(lambda found: "" if found[0].startswith("//") else '""', line)


def joined(lines):
    return re.sub(r"\s+", " ", " ".join(without_text(line) for line in lines)).strip()


def balanced_templates(text):
    """A declaration without its leading `template <...>` and `requires` clauses."""
    while text.startswith("template"):
        depth, at = 0, text.index("<")
        for at in range(text.index("<"), len(text)):
            depth += {"<": 1, ">": -1}.get(text[at], 0)
            if depth == 0:
                break
        text = text[at + 1:].strip()
    found = re.match(r"requires .*?[>)}] ([\w\[].*)$", text)
    return found[1] if found else text


TYPE = re.compile(r"(?:struct|class|enum class|enum|union)\s+(?:\[\[\w+\]\]\s+)?([\w:]+(?:<.*?>)?)\s*(?:final\s*)?(?::[^:].*)?\{")


def opens_scope(lines):
    text = joined(lines)
    if re.match(r"(inline )?namespace [\w:]* ?\{$", text) or re.match(r'extern "" \{$', text):
        return True
    found = TYPE.match(balanced_templates(text))
    return bool(found) and text.endswith("{")


def ends_scope(text):
    """Whether a declaration is the end of the scope around it; that of an enumeration has the enumerators before it."""
    return sum(text.count(c) for c in CLOSE) > sum(text.count(c) for c in OPEN)


def continues(lines, following):
    """Whether what ended in a brace goes on: `requires requires {...}` before what it guards."""
    text = joined(lines)
    if text.endswith(";"):
        return False
    return bool(re.match(r"template\b", text)) and bool(re.fullmatch(r"requires requires.*\}|requires .*\}", balanced_templates(text)))


def signature(lines):
    """A declaration as it is shown: without body, without indentation."""
    indent = len(lines[0]) - len(lines[0].lstrip())
    shown = []
    for line in lines:
        # How the compiler is to optimise is nothing to know.
        line = re.sub(r"\[\[gnu::\w+\]\] |(?<=\w), gnu::\w+(?=\]\])", "", line)
        shown.append(re.sub(r"\s*///<.*$", "", line[indent:] if line[:indent].strip() == "" else line.strip()))
    text = "\n".join(shown)
    flat = joined(lines)
    if "concept " in flat or TYPE.match(balanced_templates(flat)) or "BOOST_HANA" in flat:
        return text if "concept " in flat or "BOOST_HANA" in flat or flat.endswith("};") else re.sub(r"\s*\{[^{]*$", "", text)
    depth, seen = 0, False
    for at, char in enumerate(text):
        if char in "([":
            depth, seen = depth + 1, True
        elif char in ")]":
            depth -= 1
        elif char == "{" and depth == 0 and seen and not re.search(r"requires\s*$", text[:at]):
            return re.sub(r"\)\s*:\s[^:].*$", ")", text[:at], flags=re.DOTALL).rstrip() + ";"
    return text


def name_of(text):
    """(kind, name) of one declaration in one line, None for what is no name of its own."""
    bare = balanced_templates(text)
    if re.match(r"(friend|static_assert|using namespace|BOOST_HANA|extern|PGQ_ONCE)\b", bare) or re.match(r"[\w:]+\(.*\) -> ", bare):
        return None
    if found := re.match(r"concept (\w+)", bare):
        return "concept", found[1]
    if found := TYPE.match(bare):
        # A specialisation is part of what it specialises.
        return None if "<" in found[1] else ("type", found[1])
    if re.match(r"(struct|class|enum class|enum) [\w:]+( : [\w:]+)?;", bare):
        return None
    if found := re.match(r"using (\w+) =", bare):
        return "alias", found[1]
    before = re.split(r"[({=]|\brequires\b", bare, maxsplit=1)[0]
    if "operator" in before or "operator" in bare.split("(")[0]:
        return "function", "operator"
    if re.search(r"[\w>]::~?\w+\s*$", before) and before.count("<") == before.count(">") and "(" in bare:
        return None  # a member's definition; its class describes it
    if "(" in bare and bare.find("(") == len(before) and (found := re.search(r"([~\w]+)\s*$", before)):
        return "function", found[1]
    if found := re.search(r"(\w+)\s*;?\s*$", before):
        return "constant", found[1]
    return None


def hidden(scope):
    return any(word == "detail" for kind, word in scope if kind == "namespace")


def read_header(path):
    """(comment of the header, public names)."""
    reader = Reader(path.read_text())
    intro = reader.header_comment()
    names, scope, owners, access = [], [], [], []
    while (found := reader.declaration()) is not None:
        comment, lines, grouped = found
        text = joined(lines)
        if text in ("public:", "protected:", "private:"):
            access[-1] = text
            continue
        if ends_scope(text):
            kind, _ = scope.pop()
            if kind == "type":
                if owners[-1] and not text.startswith("}"):
                    owners[-1].members.append(Name("enumerators", "", "\n".join(line.strip() for line in lines[:-1]), [], grouped=True))
                owners.pop()
                access.pop()
            continue
        if found := re.match(r"(?:inline )?namespace ([\w:]*) ?\{", text):
            if "}" in text:
                continue
            for word in [("namespace", found[1])]:
                scope.append(("namespace", "detail" if "detail" in word[1].split("::") else word[1]))
            continue
        trailing = [comment_text(line[line.index("///<"):]) for line in lines if "///<" in line]
        comment = comment or trailing
        named = name_of(text)
        seen = not hidden(scope) and all(a == "public:" for a in access) and None not in owners
        entry = None
        if named and seen:
            entry = Name(*named, signature(lines), comment, grouped=grouped)
            (owners[-1].members if owners else names).append(entry)
        elif seen and owners and "BOOST_HANA" in text:
            owners[-1].members.append(Name("fields", "", signature(lines), comment, grouped=True))
        if opens_scope(lines):
            scope.append(("type", ""))
            owners.append(entry)
            access.append("private:" if re.match(r"class\b", balanced_templates(text)) else "public:")
    return intro, names


def asked_for(headers):
    """The names of the functions that a documented concept wants of its models."""
    return {word for _, _, names in headers for entry in names if entry.kind == "concept" and entry.documented()
            for word in re.findall(r"(?:\.|::)(\w+)\(", entry.code)}


def undocumented(names, where, asked, owner=None):
    spoken = {entry.name for entry in names if entry.documented()} | (asked if owner else set())
    before = True
    for entry in names:
        if entry.documented():
            before = True
        elif not entry.grouped:
            before = False
        if owner is None or entry.kind in ("function", "type", "concept"):
            special = entry.name.startswith("~") or entry.name == "operator" or (owner and entry.name == owner.name)
            if not (entry.documented() or entry.name in spoken or special or (entry.grouped and before)):
                yield f"{where}: {owner.name + '::' if owner else ''}{entry.name} has no comment"
        if entry.kind == "type":
            yield from undocumented(entry.members, where, asked, entry)


def shown(entry, level):
    yield f"{'#' * level} `{entry.name}`" if entry.name != "operator" else f"{'#' * level} operators"
    yield ""
    yield from said(entry)
    for member in entry.members:
        if member.kind == "type":
            yield from shown(member, level + 1)


def said(entry):
    block = [entry.code]
    if entry.kind == "type":
        inner = []
        for member in entry.members:
            if member.kind != "type":
                inner += [f"    /// {line}".rstrip() for line in member.comment]
                inner += [f"    {line}".rstrip() for line in member.code.splitlines()]
        if inner:
            block = [entry.code + " {", *inner, "};"]
    yield "```cpp"
    yield from block
    yield "```"
    yield ""
    if entry.comment:
        yield from paragraphs(entry.comment)
        yield ""


def paragraphs(comment):
    for line in comment:
        if line.startswith("@throws"):
            yield ""
            line = "**Throws** " + line.removeprefix("@throws").strip()
        # A header's name would be taken for a tag.
        yield re.sub(r"<((?:pgq|walmgr)/[\w/.]*)>", r"`<\1>`", line)


def pages():
    """Folder -> text, and what is wrong."""
    folders, faults = {}, []
    for path in sorted(INCLUDE.rglob("*.hpp")):
        relative = path.relative_to(INCLUDE)
        if "detail" in relative.parts:
            continue
        intro, names = read_header(path)
        if not intro:
            faults.append(f"include/{relative}: no comment says what the header is for")
        folders.setdefault(relative.parent.as_posix(), []).append((relative.as_posix(), intro, names))
    every = [header for headers in folders.values() for header in headers]
    asked = asked_for(every)
    faults += [f"test/tools/reference_rules.py: says nothing of {folder}" for folder in folders if rules_of(folder) is None]
    for header, _, names in every:
        faults += undocumented(names, f"include/{header}", asked)
    return folders, faults


def page(folder, headers):
    yield f"# `{folder}/`"
    yield ""
    yield "Generated from the headers by `./dev reference`. What holds where a comment says nothing else:"
    yield ""
    for question, answer in rules_of(folder) or []:
        yield f"* **{question}**: {answer}"
    for header, intro, names in headers:
        yield ""
        yield f"## `<{header}>`"
        yield ""
        yield from paragraphs(intro)
        yield ""
        for entry in names:
            yield from shown(entry, 3)


def index(folders):
    yield "# Reference"
    yield ""
    yield "Every public name, from the comments in the headers; written by `./dev reference`. Names in `detail` are not for users."
    yield ""
    yield "What holds where neither a page nor a comment says more:"
    yield ""
    for question, answer in EVERYWHERE.items():
        yield f"* **{question}**: {answer}"
    yield ""
    yield "| page | headers |"
    yield "|---|---|"
    for folder, headers in folders.items():
        names = ", ".join(f"`{pathlib.PurePath(header).name}`" for header, _, _ in headers)
        yield f"| [{folder}/]({page_name(folder)}) | {names} |"


def page_name(folder):
    return folder.replace("/", "_") + ".md"


def laid_out(lines):
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def main():
    folders, faults = pages()
    wanted = {page_name(folder): laid_out(page(folder, headers)) for folder, headers in folders.items()}
    wanted["README.md"] = laid_out(index(folders))
    there = {path.name: path.read_text() for path in PAGES.glob("*.md")}
    if "--check" in sys.argv[1:]:
        faults += [f"docs/reference/{name}: out of date; run: ./dev reference" for name in sorted(wanted.keys() | there.keys())
                   if wanted.get(name) != there.get(name)]
    elif "--names" not in sys.argv[1:]:
        PAGES.mkdir(exist_ok=True)
        for name in there.keys() - wanted.keys():
            (PAGES / name).unlink()
        for name, text in wanted.items():
            if there.get(name) != text:
                (PAGES / name).write_text(text)
    count = sum(len(names) for headers in folders.values() for _, _, names in headers)
    print("\n".join(faults) if faults else f"reference: {count} names, each with its comment")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
