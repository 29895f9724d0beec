#!/usr/bin/env python3
"""What README.md says that a command prints is what it prints.

  examples.py QUERN

Comments of Markdown, which nobody sees rendered, say what the block of code below them is: `<!-- file NAME -->`, a file;
`<!-- prints quern ARGUMENTS -->`, what the command prints in a folder with these files and models/, or the first lines of it.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

QUERN = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BLOCK = re.compile(r"^<!-- (file|prints) ([^\n]+) -->\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def printed(command, folder):
    run = subprocess.run([QUERN, *command.split()[1:]], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         check=False)
    build = os.path.dirname(os.path.dirname(QUERN))
    return run.stdout.replace(build, "build").splitlines(keepends=True)


def main():
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(TOP, "models"), os.path.join(folder, "models"))
        for kind, what, text in blocks:
            if kind == "file":
                with open(os.path.join(folder, what), "w", encoding="utf-8") as file:
                    file.write(text)
                continue
            said = text.splitlines(keepends=True)
            seen = printed(what, folder)[:len(said)]
            sys.stdout.writelines(difflib.unified_diff(said, seen, "README.md", what))
            wrong += said != seen
    commands = sum(kind == "prints" for kind, _, _ in blocks)
    print(f"{commands} commands, {wrong} wrong")
    return 1 if wrong or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
