# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a visitor's browser makes of a medium, and where it makes nothing of it: the cause, and what to do."""

from __future__ import annotations

import re
import typing as t

from . import csp
from .access import Answer

#: what a browser shows in one place: a film that the store calls a sound is played all the same
KINDS = {"image": "image", "audio": "sound or film", "video": "sound or film", "text": "text"}
#: a type that says nothing is one that a browser saves instead of showing
SAYS_NOTHING = ("application/octet-stream", "binary/octet-stream", "")
BEHIND_A_PROXY = (500, 502, 504)
BUSY = (429, 503)
#: an error of the resolver has a negative number, whatever its words
NO_NAME = re.compile(r"\[Errno -\d+\]")
TLS = re.compile(r"\b(SSL|TLS|CERTIFICATE)[\w:]*", re.IGNORECASE)
#: where nginx, Varnish, CloudFront and Cloudflare say that they did not ask
CACHE_HEADERS = ("x-cache-status", "x-cache", "cf-cache-status", "x-proxy-cache")
SHOWN = 3


class Visit(t.NamedTuple):
    """One medium as a visitor gets it, and what is known of it from elsewhere."""

    key: str
    #: where the browser ended, after redirects
    url: str
    answer: Answer
    #: the media type that the name promises
    promised: str
    #: whether the bucket has the object, and its size
    stored: bool
    size: int
    #: what a stranger gets at the store's own address; nothing if that is where the visitor was
    at_store: Answer | None = None
    #: whether the file is in the directory; nothing if none was named
    on_disk: bool | None = None


class Page(t.NamedTuple):
    """The page on which media are to be seen."""

    url: str
    answer: Answer

    @property
    def policy(self) -> str:
        """Its content security policy, empty if it has none."""
        return self.answer.headers.get("content-security-policy", "")


class Finding(t.NamedTuple):
    """One class of failures."""

    code: str
    said: str
    #: whether the medium can be seen all the same
    harmless: bool = False


#: class of failure -> what to do
REMEDIES = {
    "name": (
        "Let the name of the media host lead to the store or its proxy: correct the DNS record, or the host in the settings."
    ),
    "certificate_name": (
        "Give the media host a certificate for its own name. A bucket with a dot in its name has none where the name is "
        "part of the host: use path style, a host of your own in front, or another bucket."
    ),
    "certificate_expired": "Renew the certificate of the media host, and have its server load it.",
    "certificate_unknown": (
        "Browsers do not trust who signed that certificate: use one of a public authority, and have the server send the "
        "whole chain. Where visitors' browsers know that authority, name it in ca_path."
    ),
    "tls": "Have something that speaks TLS answer at the media host's port: check the protocol in its address, and its server.",
    "no_answer": "Have something answer at the media host: check its server, the port, the route and the firewall.",
    "redirect": (
        "Correct the address of the media: region and endpoint of the store, or the redirects of the server in front of it."
    ),
    "denied": "Let everybody read.",
    "wrong_place": (
        "The store itself gives it to visitors, so the media host leads elsewhere: correct its bucket, prefix or path (in "
        "nginx the address behind proxy_pass)."
    ),
    "cached_error": (
        "Remove that address from the cache (with nginx, empty its cache_path and reload), and have it keep errors for seconds "
        "only (proxy_cache_valid)."
    ),
    "wrong_root": (
        "The media were copied from one folder too high or too low. Copy them again from the directory that has these "
        "folders, and remove the others."
    ),
    "not_copied": "Copy once more: it came after the last copy, and is still in the directory.",
    "missing": (
        "It is neither in the bucket nor, as far as is known, on the disk: restore it from a backup, or have the "
        "application fetch it again."
    ),
    "unavailable": "The server of the media host does not reach the store: see its log, and whether the store answers.",
    "busy": "Too many requests for the store: put a cache in front, or ask the provider for more.",
    "unexpected": "See the log of the media host's server.",
    "other_content": "Something else answers at the address: correct the media host, or what is in front of it.",
    "content_type": (
        "Browsers do not show what is said to be something else. Have the objects carry their type (copy again with "
        "content_type: guess), and the server in front pass it on."
    ),
    "insecure": (
        "A page with https does not load media with http: give the media host a certificate, and the application its "
        "https address."
    ),
    "csp": (
        "Have the page's Content-Security-Policy allow the media host: in the application's settings (Mastodon: "
        "EXTRA_MEDIA_HOSTS, S3_ALIAS_HOST), and in each header that the web server adds, since all of them hold."
    ),
    "cors": (
        "Media are shown, and what reads them by script fails. Have the media host send one Access-Control-Allow-Origin "
        "with * or the page's origin: by rules of the bucket (mediastore.s3.cors), or by the server in front of it."
    ),
    "page": "Whether the page lets media be shown is not known. Name an address of it that this host reaches.",
    "wrong_address": (
        "The application still names another host for its media: correct its settings, and restart all of its processes, "
        "since they read them only then."
    ),
}


def look(visit: Visit, page: Page | None, origin: str) -> list[Finding]:
    """Everything that is wrong with one medium, the cause first; nothing if a visitor sees it."""
    if not visit.answer.allowed:
        return [_refused(visit)]
    if not visit.stored:
        # a cache still has it, and will not for ever
        return [Finding(_why_not(visit), f"{visit.url} is shown out of a cache{_known(visit)}")]
    found = [_content(visit), _mixed(visit, page), _blocked(visit, page), _script(visit, origin)]
    return [one for one in found if one]


def look_at_page(page: Page) -> Finding | None:
    """What keeps the page itself from being judged."""
    if page.answer.allowed:
        return None
    return Finding("page", f"{page.url} answers {page.answer.describe()}", harmless=True)


def look_at_links(links: t.Iterable[str], bases: t.Sequence[str]) -> Finding | None:
    """Whether the application names media at the address that visitors are meant to use."""
    wrong = sorted({link for link in links if not link.startswith(tuple(f"{base.rstrip('/')}/" for base in bases))})
    if not wrong:
        return None
    return Finding("wrong_address", f"the application gives out {wrong[0]}, and media are to be at {bases[0]}")


def _refused(visit: Visit) -> Finding:
    answer = visit.answer
    if answer.status == 0:
        return no_answer(answer.body.decode("utf-8", "replace"))
    words = f"{visit.url} answers {answer.describe()}"
    if visit.stored and answer.status >= 400 and _kept(answer):
        return Finding("cached_error", f"{words}, out of a cache{_known(visit)}")
    if 300 <= answer.status < 400 or answer.code == "PermanentRedirect":
        return Finding("redirect", words)
    if answer.status in BUSY:
        return Finding("busy", words)
    if answer.status in BEHIND_A_PROXY:
        return Finding("unavailable", words)
    if answer.denied or answer.status in (404, 410):
        return Finding(_why_not(visit), f"{words}{_known(visit)}")
    return Finding("unexpected", words)


def _kept(answer: Answer) -> bool:
    """Whether the answer says of itself that it comes out of a cache."""
    said = " ".join(answer.headers.get(name, "") for name in CACHE_HEADERS)
    return "hit" in said.lower() or answer.headers.get("age", "0") != "0"


def _why_not(visit: Visit) -> str:
    """Why a medium is denied or not found. Stores deny what is missing as well, so what is known decides, not the answer."""
    if not visit.stored:
        return "not_copied" if visit.on_disk else "missing"
    return "wrong_place" if visit.at_store and visit.at_store.allowed else "denied"


def _known(visit: Visit) -> str:
    if visit.stored:
        store = f", where visitors get {visit.at_store.describe()}" if visit.at_store else ""
        return f"; the object is in the bucket{store}"
    disk = {True: ", and the file is on the disk", False: ", nor on the disk", None: ""}[visit.on_disk]
    return f"; the object is not in the bucket{disk}"


def no_answer(cause: str) -> Finding:
    """Which of the reasons it is that nobody answers."""
    text = cause.lower()
    if NO_NAME.search(cause):
        code = "name"
    elif "hostname mismatch" in text or "ip address mismatch" in text or "doesn't match" in text:
        code = "certificate_name"
    elif "certificate has expired" in text:
        code = "certificate_expired"
    elif "certificate_verify_failed" in text:
        code = "certificate_unknown"
    else:
        code = "tls" if TLS.search(cause) else "no_answer"
    return Finding(code, cause)


def _content(visit: Visit) -> Finding | None:
    said = visit.answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = visit.answer.headers.get("content-length", "")
    if length.isdigit() and int(length) != visit.size and "content-encoding" not in visit.answer.headers:
        return Finding("other_content", f"{visit.url} has {length} bytes ({said}), and the object has {visit.size}")
    if _kind(said) != _kind(visit.promised) and visit.promised not in SAYS_NOTHING:
        return Finding("content_type", f"{visit.url} is said to be {said or 'nothing'}, and its name says {visit.promised}")
    return None


def _kind(media_type: str) -> str:
    return KINDS.get(media_type.partition("/")[0], media_type)


def _mixed(visit: Visit, page: Page | None) -> Finding | None:
    if page and page.url.startswith("https:") and visit.url.startswith("http:"):
        return Finding("insecure", f"{visit.url} on the page {page.url}")
    return None


def _blocked(visit: Visit, page: Page | None) -> Finding | None:
    if not page or not page.answer.allowed:
        return None
    directive = csp.blocking(page.policy, visit.promised.partition("/")[0], visit.url, page.url)
    if directive is None:
        return None
    shown = directive if len(directive) < 200 else f"{directive[:200]}…"
    return Finding("csp", f"{page.url} does not let {visit.url} be shown: {shown}")


def _script(visit: Visit, origin: str) -> Finding | None:
    said = visit.answer.headers.get("access-control-allow-origin", "")
    if not origin or said in ("*", origin):
        return None
    return Finding(
        "cors",
        f"{visit.url} has {f'Access-Control-Allow-Origin: {said}' if said else 'no Access-Control-Allow-Origin'}",
        harmless=True,
    )


class Summary:
    """All failures, each class once."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, t.Any]] = {}

    def add(self, finding: Finding, remedy: str = "") -> None:
        """Count one failure, and keep the first few as examples."""
        entry = self._found.setdefault(
            finding.code,
            {
                "code": finding.code,
                "count": 0,
                "harmless": finding.harmless,
                "remedy": remedy or REMEDIES[finding.code],
                "examples": [],
            },
        )
        entry["count"] += 1
        if len(entry["examples"]) < SHOWN and finding.said not in entry["examples"]:
            entry["examples"].append(finding.said)

    @property
    def findings(self) -> list[dict[str, t.Any]]:
        """What keeps media from being seen first, and of that what concerns most of them."""
        return sorted(self._found.values(), key=lambda entry: (entry["harmless"], -entry["count"]))

    @property
    def harmful(self) -> list[dict[str, t.Any]]:
        """What keeps media from being seen."""
        return [entry for entry in self.findings if not entry["harmless"]]


def words(entries: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Each class once, with an example."""
    return "; ".join(f"{entry['code']} ({entry['count']}): {entry['examples'][0]}" for entry in entries)
