# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay out the pages of the documentation site, with each link between files of the repository leading to a page.

The guides stay plain Markdown that also reads well in the repository. docs/index.md is the one list of pages, and
examples/README.md that of the examples: Sphinx's table of contents is made of their headings and links, so a page that they do
not name ends the build.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path, PurePosixPath

INDEXES = (PurePosixPath("docs/index.md"), PurePosixPath("examples/README.md"))
#: a link or a picture; group 2 is where it leads
LINK = re.compile(r"(\]\()([^()\s]+)(\))")
#: code, in which nothing is a link
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^## (.+)$|" + LINK.pattern, re.MULTILINE)
#: the repository as the README names it, which Galaxy shows without the rest
OWN = re.compile(r"https://github\.com/mediastore/mediastore\.s3/(?:blob|tree)/main/")
#: files that are shown as they are, by the suffix that says how
SHOWN = {".yml": "yaml", ".py": "python", ".json": "json", "": "text"}
#: plugins that have pages, by their folder, and what antsibull-docs calls them
KINDS = {"modules": "module", "filter": "filter"}


class NoSuchPage(Exception):
    """A link leads to something that the site does not have."""


def page(path: PurePosixPath) -> PurePosixPath | None:
    """The page that shows a file or folder of the repository; none if the site does not have it."""
    top, *below = path.parts
    if not below:
        alone = {"COPYING": "project/COPYING.md", "examples": "examples/README.md", "roles": "reference/index.rst"}
        place = alone.get(top) or (f"project/{path.name}" if path.suffix == ".md" else "")
    elif top == "docs" and len(below) == 1 and path.suffix == ".md":
        place = path.name
    elif top == "docs" and below[0] == "dashboards":
        place = f"{PurePosixPath(*below)}.md"
    elif top == "plugins" and below[0] in KINDS:
        place = f"reference/{path.stem}_{KINDS[below[0]]}.rst" if below[1:] else "reference/index.rst"
    elif top == "roles" and below[1:] == ["README.md"]:
        place = f"roles/{below[0]}.md"
    else:
        place = f"{path}{'' if path.suffix == '.md' else '.md'}" if top == "examples" else ""
    return PurePosixPath(place) if place else None


def lead(text: str, source: PurePosixPath, root: Path) -> str:
    """The Markdown of a file, with links that hold on the site; raises NoSuchPage for one that leads nowhere."""
    here = page(source)
    assert here is not None

    def follow(link: re.Match[str]) -> str:
        place, hash_, anchor = link[2].partition("#")
        if own := OWN.match(place):
            target = PurePosixPath(place[own.end() :])
        elif "://" in place or not place or place.startswith("mailto:"):
            return link[0]
        else:
            target = PurePosixPath(os.path.normpath(source.parent / place))
        there = page(target)
        if there is None or not (root / target).exists():
            why = "for which the site has no page" if there is None else "which is not there"
            raise NoSuchPage(f"{source} links to {link[2]}, {why}.")
        return f"{link[1]}{os.path.relpath(there, here.parent)}{hash_}{anchor}{link[3]}"

    # every second part is code
    parts = CODE.split(text)
    return "".join(part if number % 2 else LINK.sub(follow, part) for number, part in enumerate(parts))


def contents(index: str) -> str:
    """Sphinx's table of contents: a part for each heading of the index, with the pages that are linked below it."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for found in HEADING.finditer(CODE.sub("", index)):
        if found[1]:
            parts.append((found[1], []))
        elif (target := found[3].partition("#")[0]) and "://" not in target and not target.startswith("../"):
            name = target.removesuffix(".md").removesuffix(".rst")
            if not any(name in names for _caption, names in parts):
                parts[-1][1].append(name)
    lines = []
    for caption, names in parts:
        if names:
            lines += ["", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *names, "```"]
    return "\n".join(lines) + "\n"


def files(root: Path) -> list[PurePosixPath]:
    """What of the repository becomes a page; modules, filters and roles are rendered from their own specs."""
    patterns = ("*.md", "COPYING", "docs/*.md", "docs/dashboards/*.json", "roles/*/README.md", "examples/**/*")
    found = (path for pattern in patterns for path in root.glob(pattern) if path.is_file())
    return sorted(PurePosixPath(path.relative_to(root)) for path in found if path.suffix in (*SHOWN, ".md"))


def lay_out(root: Path, into: Path) -> int:
    """Write all pages that are Markdown, and return how many."""
    names = files(root)
    for name in names:
        target = page(name)
        assert target is not None, name
        text = (root / name).read_text(encoding="utf-8")
        if name.suffix == ".md":
            text = lead(text, name, root)
            text += contents(text) if name in INDEXES else ""
        else:
            text = f"# {'/'.join(name.parts[-2:])}\n\n```{SHOWN[name.suffix]}\n{text}```\n"
        (into / target).parent.mkdir(parents=True, exist_ok=True)
        (into / target).write_text(text, encoding="utf-8")
    return len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="the checkout")
    parser.add_argument("into", type=Path, help="an empty directory")
    asked = parser.parse_args()
    try:
        print(f"{lay_out(asked.root, asked.into)} pages of Markdown")
    except NoSuchPage as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
