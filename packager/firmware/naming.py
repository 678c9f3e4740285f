"""Names and texts of any user as C takes them: identifiers, comments, string literals."""

import re
import unicodedata

_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
bool true false and and_eq asm bitand bitor catch class compl const_cast delete dynamic_cast explicit export
friend mutable namespace new not not_eq operator or or_eq private protected public reinterpret_cast
static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq alignas alignof
constexpr decltype noexcept nullptr static_assert thread_local concept requires char8_t char16_t char32_t
consteval constinit co_await co_return co_yield linux unix i386 near far interrupt errno main stdin stdout
stderr
"""
_HEADERS = """
assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg stdbool stddef
stdint stdio stdlib string tgmath time wchar wctype memory new rows startup test unistd strings fcntl pthread
"""
RESERVED = frozenset(_WORDS.split())
"""What C and C++ keep for themselves, and what compilers and boards define."""
_TAKEN_FILES = frozenset(_HEADERS.split())
_SIGNS = {"<=": "le", ">=": "ge", "<": "lt", ">": "gt", "=": "eq", "+": "plus", "%": "percent", "&": "and"}
_OF_COMMENTS = str.maketrans({"\\": "/"})


def prefix_of(name: str) -> str:
    """What all names of a model begin with, and its files: never a word of C or a header of its library."""
    found = _ascii(name)
    lowered = found.lower()
    if not found or found[0].isdigit() or lowered in RESERVED or lowered in _TAKEN_FILES:
        return f"model_{found}" if found else "model"
    return found


def member_of(name: str, taken: set[str], otherwise: str) -> str:
    """A member for a user's name, unlike those that are ``taken``; it is taken then, too.

    In small letters: what is written in capitals may be a macro of a board's headers.
    """
    return _unlike((_ascii(name) or otherwise).lower(), taken, otherwise)


def constant_of(name: str, taken: set[str]) -> str:
    """A constant of an enumeration, likewise in capitals."""
    return _unlike(_ascii(name).upper(), taken, "TEXT")


def _unlike(found: str, taken: set[str], otherwise: str) -> str:
    if found[0].isdigit() or found in RESERVED:
        found = f"{otherwise}_{found}"
    unique, count = found, 1
    while unique in taken:
        count += 1
        unique = f"{found}_{count}"
    taken.add(unique)
    return unique


def word_of(text: str) -> str:
    """A text as part of a constant's name: signs that tell texts apart are words."""
    for sign, word in _SIGNS.items():
        text = text.replace(sign, f" {word} ")
    text = re.sub(r"^\s*-(?=[\d.])", "minus ", text)
    return _ascii(text) or "text"


def comment(text: object) -> str:
    """A text that stands in a comment and neither ends it nor goes on in the next line."""
    shown = "".join(mark if mark.isprintable() else "?" for mark in str(text)).translate(_OF_COMMENTS)
    return re.sub(r"/(?=\*)|\*(?=/)|\?(?=\?)", r"\g<0> ", shown)


def quoted(text: str) -> str:
    """A string literal in UTF-8: what is not plain ASCII by its octal bytes."""
    return '"' + "".join(map(_byte, text.encode())) + '"'


def _byte(value: int) -> str:
    mark = chr(value)
    if mark in '"\\?':
        return f"\\{mark}"
    return mark if 32 <= value < 127 else f"\\{value:03o}"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
