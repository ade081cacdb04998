# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a window, over two pipes: opens a page as a phone or a desk would show it, and looks at what came of it.

with Browser(directory) as browser:
    seen = browser.open(page, width=390, dark=True)
    assert seen.problems() == []
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

PATIENCE_S = 60.0
HEIGHT = 844
#: WCAG 2.1, AA, for text of any size
CONTRAST = 4.5
SMALLEST_PX = 12
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: What is looked at in the page itself: widths, and for each piece of text its size and its contrast to what is behind it.
LOOK = r"""
(() => {
  const channels = color => (color.match(/[\d.]+/g) || []).map(Number);
  const light = color => {
    const [r, g, b] = channels(color).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor, alpha = channels(color)[3];
      if (alpha === undefined || alpha === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const scrolls = element => {
    for (let at = element; at; at = at.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  const texts = [], wide = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, box = element.getBoundingClientRect();
    const text = walker.currentNode.textContent.trim();
    if (!text || ["STYLE", "SCRIPT"].includes(element.tagName) || !element.checkVisibility() || !box.width) continue;
    const style = getComputedStyle(element);
    texts.push({text, size: parseFloat(style.fontSize), contrast: contrast(style.color, behind(element))});
  }
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if ((box.right > innerWidth + 1 || box.left < -1) && !scrolls(element)) wide.push(element.outerHTML.slice(0, 80));
  }
  const shapes = {};
  for (const shape of document.querySelectorAll("svg *")) {
    const box = shape.getBoundingClientRect(), name = shape.getAttribute("class") || shape.tagName;
    const paper = behind(shape.ownerSVGElement.parentElement);
    if (box.width && box.height && contrast(getComputedStyle(shape).fill, paper) > 1.1) shapes[name] = (shapes[name] || 0) + 1;
  }
  return {
    width: innerWidth, scroll: document.documentElement.scrollWidth, paper: light(behind(document.body)), texts, wide, shapes,
  };
})()
"""


@dataclass
class Seen:
    """A page as it was shown."""

    width: int
    dark: bool
    found: dict[str, Any]
    #: every URL that was asked for but the page itself
    requests: list[str]
    #: what the console was told, and scripts that failed
    complaints: list[str]

    @property
    def text(self) -> str:
        """All that can be read."""
        return " ".join(piece["text"] for piece in self.found["texts"])

    @property
    def shapes(self) -> dict[str, int]:
        """How many shapes of each class can be seen."""
        shapes: dict[str, int] = self.found["shapes"]
        return shapes

    def problems(self) -> list[str]:
        """All that a reader would complain of."""
        found, paper = self.found, self.found["paper"]
        problems = [f"asked the network for {url}" for url in self.requests] + [f"console: {line}" for line in self.complaints]
        if found["width"] != self.width or found["scroll"] > self.width:
            problems.append(f"it is {max(found['width'], found['scroll'])} px wide, and there are {self.width}")
        problems += [f"beyond the edge: {element}" for element in found["wide"]]
        if (paper < 0.2) != self.dark:
            problems.append(f"its paper has the luminance {paper:.2f}")
        for piece in found["texts"]:
            if piece["contrast"] < CONTRAST:
                problems.append(f"contrast {piece['contrast']:.1f}: {piece['text'][:60]}")
            if piece["size"] < SMALLEST_PX:
                problems.append(f"{piece['size']} px: {piece['text'][:60]}")
        return problems


class Browser:
    """A running Chromium with a profile of its own; it ends with the block."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = 0
        self._events: list[dict[str, Any]] = []
        self._unread = b""

    def __enter__(self) -> Browser:
        chromium = shutil.which("chromium")
        if chromium is None:
            raise FileNotFoundError("chromium is not installed: run tests/utils/need.sh chromium")
        self._directory.mkdir(parents=True, exist_ok=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # It wants the two pipes as its descriptors 3 and 4.
        pipes = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        profile = f"--user-data-dir={self._directory / 'profile'}"
        command = ["bash", "-c", pipes, chromium, *FLAGS, profile, "--remote-debugging-pipe", "about:blank"]
        with open(self._directory / "chromium.log", "wb") as log:
            # a home of its own, too: it writes there what is no part of a profile
            environment = {**os.environ, "HOME": str(self._directory)}
            self._process = subprocess.Popen(
                command, pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        os.close(theirs_in)
        os.close(theirs_out)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # with its end of the pipe Chromium ends, and takes all of its processes along
        os.close(self._out)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)

    def open(self, page: Path, width: int, dark: bool) -> Seen:
        """Show a page in a tab of its own."""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        tab = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._ask(f"{domain}.enable", tab)
        phone = width < 600
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1 + phone, "mobile": phone}
        self._ask("Emulation.setDeviceMetricsOverride", tab, **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", tab, features=[scheme])
        self._events.clear()
        self._ask("Page.navigate", tab, url=page.as_uri())
        self._until("Page.loadEventFired", tab)
        found = self._ask("Runtime.evaluate", tab, expression=LOOK, returnByValue=True)
        if "value" not in found["result"]:
            raise RuntimeError(f"the page could not be looked at: {found}")
        requests, complaints = self._heard(tab, page.as_uri())
        self._ask("Target.closeTarget", targetId=target)
        return Seen(width, dark, found["result"]["value"], requests, complaints)

    def _heard(self, tab: str, page: str) -> tuple[list[str], list[str]]:
        requests, complaints = [], []
        for event in self._events:
            told = event.get("params", {}) if event.get("sessionId") == tab else {}
            if event.get("method") == "Network.requestWillBeSent" and told and told["request"]["url"] != page:
                requests.append(told["request"]["url"])
            elif event.get("method") == "Log.entryAdded" and told:
                complaints.append(told["entry"]["text"])
            elif event.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled") and told:
                complaints.append(json.dumps(told)[:1000])
        return requests, complaints

    def _ask(self, method: str, tab: str = "", **params: Any) -> dict[str, Any]:
        self._numbers += 1
        number = self._numbers
        session = {"sessionId": tab} if tab else {}
        os.write(self._out, json.dumps({"id": number, "method": method, "params": params, **session}).encode() + b"\0")
        while True:
            told = self._next(method)
            if told.get("id") == number:
                if "error" in told:
                    raise RuntimeError(f"Chromium does not do {method}: {told['error']}")
                result: dict[str, Any] = told["result"]
                return result
            self._events.append(told)

    def _until(self, event: str, tab: str) -> None:
        while not any(told.get("method") == event and told.get("sessionId") == tab for told in self._events):
            self._events.append(self._next(event))

    def _next(self, waiting_for: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._unread:
            ready, _to_write, _wrong = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self._in, 1 << 20) if ready else b""
            if not piece:
                words = (self._directory / "chromium.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"Chromium does not answer ({waiting_for}). Its last words:\n{words}")
            self._unread += piece
        message, _nul, self._unread = self._unread.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told
