#!/usr/bin/env python3
"""The rules that no compiler and no formatter checks. Prints FILE:LINE: RULE: what is wrong; exits 1 if anything is.

  check.py [--root FOLDER]

Rules, each a function below: includes (who may know whom), headers, names, open-ends, places, spaces, links, readmes, length
(only a warning). tests/lint/fixtures/broken is a small tree that breaks each; check_test.py compares what is found there
with fixtures/expected.txt.
"""
import argparse
import os
import re
import sys

SKIPPED = {".git", ".deps", ".cache", "__pycache__", "fixtures"}
CPP = (".h", ".cpp", ".c")
TEXT = CPP + (".td", ".def", ".py", ".qn", ".mlir", ".md", ".txt", ".cmake", ".json", ".sh", ".in", "dev", "run")

# --- Who may know whom ------------------------------------------------------------------------------------------------
# folder -> what its files may include of ours, as prefixes. The longest folder that holds a file decides. What is absent
# here (tools, tests, bench) may name every phase.
MAY_INCLUDE = {
    "frontend": ("frontend/", "ir/"),
    "frontend/weights": ("frontend/weights/", "runtime/formats/", "runtime/DType.h"),
    "ir": ("ir/",),
    "passes": ("passes/", "ir/", "frontend/weights/"),
    "codegen": ("codegen/", "ir/", "frontend/weights/", "runtime/*", "runtime/formats/"),
    "runtime": ("runtime/",),
    "runtime/formats": ("runtime/formats/", "runtime/quern.h", "runtime/DType.h"),
    "models": (),
}
# What may not be seen there of others, since it would ship inside users' programs or slip past the one catch.
HALIDE = re.compile(r"^(Halide\b|HalideBuffer|HalideRuntime)")
LLVM = re.compile(r"^(llvm|llvm-c|mlir|mlir-c|lld|clang)/")
HALIDE_SEEN_BY = ("codegen/halide/", "bench/kernels/", "tests/")
NO_LLVM = ("runtime/",)
OURS = re.compile(r"^(frontend|ir|passes|codegen|runtime|tools|models|tests|bench)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def allowed(path, included):
    """Whether the file at `path` may include `included`, one of ours."""
    folders = [f for f in MAY_INCLUDE if path.startswith(f + "/")]
    if not folders:
        return True
    for prefix in MAY_INCLUDE[max(folders, key=len)]:
        if prefix.endswith("*"):  # the headers of that folder itself, not of its sub-folders
            if included.startswith(prefix[:-1]) and "/" not in included[len(prefix) - 1:]:
                return True
        elif included.startswith(prefix):
            return True
    return False


def includes(path, lines, report):
    if not path.endswith(CPP + (".def",)):
        return
    inside = None  # the end of a raw string, whose lines are text that we write elsewhere
    for number, line in enumerate(lines, 1):
        if inside is None:
            opened = re.search(r'R"([^(\s]*)\(', line)
            if opened and f'){opened[1]}"' not in line[opened.end():]:
                inside = f'){opened[1]}"'
                continue
        else:
            inside = None if inside in line else inside
            continue
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, name = match[1] == '"', match[2]
        if OURS.match(name):
            if not allowed(path, name):
                report(number, "includes", f"{path.split('/')[0]}/ may not know {name}")
        elif HALIDE.match(name):
            if not path.startswith(HALIDE_SEEN_BY):
                report(number, "includes", f"{name}: Halide is seen in codegen/halide only")
        elif LLVM.match(name):
            if path.startswith(NO_LLVM):
                report(number, "includes", f"{name}: the runtime ships in users' programs, without LLVM")
        elif quoted and (name.startswith(".") or "/" not in name) and path.startswith(tuple(MAY_INCLUDE)):
            report(number, "includes", f'"{name}": includes start at the top of the repository')


def headers(path, lines, report):
    if path.endswith(".h") and not any(line.startswith(("#pragma once", "#ifndef QUERN_")) for line in lines):
        report(1, "headers", "no #pragma once")


def names(path, lines, report):
    if re.search(r"(Util|Helper|Misc|Common)s?\.(h|cpp|td)$", path):
        report(1, "names", "name a file after its one concept")


def open_ends(path, lines, report):
    for number, line in enumerate(lines, 1):
        match = re.search(r"\b(T[O]DO|F[I]XME|X[X]X|not (yet )?i[m]plemented)\b", line)
        if match:
            report(number, "open-ends", f"'{match[0]}': finish it, or say what is refused and why")


def places(path, lines, report):
    """Nothing committed depends on one machine's folders, or names where its packages come from."""
    for number, line in enumerate(lines, 1):
        match = re.search(r"(?<![\w.$}*)/-])/(tmp|work|root|home)\b(?!\.)", line) or re.search(
            r"\b(p[y]pi\.org|p[y]thonhosted|deb\.d[e]bian\.org)\b", line)
        if match:
            report(number, "places", f"'{match[0]}' names a place of one machine or network")


def spaces(path, lines, report):
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            report(number, "spaces", "trailing white space")


def links(path, lines, report):
    """Where a text sends its reader, there is something: links in Markdown, and Markdown files named anywhere."""
    for number, line in enumerate(lines, 1):
        named = re.findall(r"(?<![\w./-])((?:[\w-]+/)+[\w-]+\.md)\b", line)
        if path.endswith(".md"):
            named += re.findall(r"\]\(([\w./-]+)(?:#[\w-]*)?\)", re.sub(r"`[^`]*`", "", line))
        for target in named:
            if not any(os.path.exists(os.path.join(folder, target)) for folder in ("", os.path.dirname(path))):
                report(number, "links", f"there is no {target}")


def length(path, lines, report):
    if path.endswith(CPP + (".td", ".py")) and len(lines) > 400:
        report(1, "length", f"{len(lines)} lines: is it still one concept?", warning=True)


RULES = (includes, headers, names, open_ends, places, spaces, links, length)


def files(root):
    for folder, folders, names_here in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not (folder == root and f.startswith("build")))
        for name in sorted(names_here):
            if name.endswith(TEXT):
                yield os.path.normpath(os.path.join(folder, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    os.chdir(parser.parse_args().root)
    found, seen, tops = [], 0, {}
    for path in files("."):
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")[:-1]
        seen += 1
        if "/" in path and path.endswith(CPP + (".td", ".qn")):
            tops.setdefault(path.split("/")[0])
        for rule in RULES:
            rule(path, lines, lambda number, name, what, warning=False:
                 found.append((path, number, name, what, warning)))
    for folder in tops:
        if not os.path.exists(os.path.join(folder, "README.md")):
            found.append((folder, 1, "readmes", "a folder says in README.md what it is for", False))
    for path, number, name, what, warning in found:
        print(f"{path}:{number}: {'warning, ' if warning else ''}{name}: {what}")
    wrong = sum(not f[-1] for f in found)
    print(f"{seen} files, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
