# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/providers.md from the provider profiles, so that what is documented is what the modules believe.

make docs-providers runs it in the copy of the tree; a unit test notices when the page and the profiles have parted.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import (
    DOCUMENTED,
    GIB,
    LIFECYCLE_ACTIONS,
    LIFECYCLE_FILTERS,
    MEASURED,
    MIB,
    REMEMBERED,
    Profile,
)
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES

COMMAND = "make docs-providers"

#: how support is written in tables
WORDS = {"enforce": "yes", "store": "kept", "ask": "ask", "always": "always", "none": "–"}
#: facet -> head of its column, and its name in a sentence
FACETS = {
    "policy": ("policy", "bucket policies"),
    "acl": ("ACL", "ACLs of buckets"),
    "public_access_block": ("public block", "public access block"),
    "ownership": ("owner", "object ownership"),
    "cors": ("CORS", "CORS"),
    "tagging": ("tags", "tags of buckets"),
    "versioning": ("versions", "versioning"),
    "encryption": ("encryption", "default encryption"),
    "lifecycle": ("lifecycle", "lifecycle rules"),
    "object_lock": ("lock", "object lock"),
    "website": ("website", "websites"),
    "quota": ("quota", "quotas"),
    "aliases": ("aliases", "other names of a bucket"),
}
#: what else a provider may lack
OTHERS = {"acl": "ACLs of objects", "sse": "other encryption of an upload", "storage_class": "other storage classes"}
PUBLIC = {
    "policy": "By a bucket policy that allows `s3:GetObject` and nothing else: `preset: public_read`, or the filter "
    "`mediastore.s3.public_read_policy`. Everybody reads, and nobody lists.",
    "bucket_acl": "By the ACL `public-read`, for the bucket as a whole (option `acl`). Everybody reads, and nobody lists.",
    "website": "By the store's web site for the bucket (option `website`), under a host name of its own. Everybody reads, "
    "and nobody lists.",
}
ETAGS = {"s3": "as Amazon's", "md5": "MD5 of the whole", "opaque": "unknown, read back"}

#: what a user has to say to reach one, as an example
EXAMPLES: dict[str, dict[str, str]] = {
    "aws": {"region": "eu-central-1"},
    "b2": {"region": "eu-central-003"},
    "ceph": {"endpoint_url": "https://s3.example.org"},
    "digitalocean": {"region": "fra1"},
    "garage": {"endpoint_url": "https://garage.example.org:3900"},
    "gcs": {},
    "generic": {"endpoint_url": "https://s3.example.org"},
    "hetzner": {"region": "fsn1"},
    "idrive": {"region": "eu-central-1"},
    "linode": {"region": "eu-central-1"},
    "minio": {"endpoint_url": "https://minio.example.org:9000"},
    "ovh": {"region": "gra"},
    "r2": {"endpoint_url": "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com"},
    "rclone": {"endpoint_url": "https://rclone.example.org:8080"},
    "scaleway": {"region": "fr-par"},
    "seaweedfs": {"endpoint_url": "https://seaweedfs.example.org:8333"},
    "storj": {},
    "versitygw": {"endpoint_url": "https://versitygw.example.org:7070"},
    "wasabi": {"region": "eu-central-1"},
}

#: what somebody who is about to use one should know first
REMARKS = {
    "aws": "A new bucket lets nobody in and knows no ACLs. For public reading open `public_access_block` first.",
    "b2": "The key must be an application key; the account's master key does not work here.",
    "ceph": "Several public providers run it. Where yours has a profile of its own, take that.",
    "gcs": "The keys are HMAC keys of a service account. Objects are managed here; most settings of buckets are Google's own.",
    "generic": "For a store without a profile. The name stands for anything that speaks S3.",
    "idrive": "If your account shows an endpoint of another form, give that as `endpoint_url`.",
    "minio": "MinIO is **no longer maintained**: so says its README since February 2026, and the repository was archived in "
    "April 2026 (*documented*). The profile is that of its last release; forks that go on may differ, so measure them.",
    "r2": "The account is part of the endpoint. A bucket in a jurisdiction has another one, "
    "such as `https://ACCOUNT.eu.r2.cloudflarestorage.com`.",
    "rclone": "Never send it a setting of a bucket by other means: it takes `DELETE /bucket?policy` for `DELETE /bucket`, and "
    "deletes an empty one.",
    "scaleway": "Policies are not sent, because those of this collection are in Amazon's language: once a bucket there has a "
    "policy, whoever it does not name is shut out.",
    "seaweedfs": "Never send it a website by other means: it takes `DELETE /bucket?website` for `DELETE /bucket`, and deletes "
    "an empty one.",
    "storj": "Parts of 64 MiB (`part_size: 64M`) are cheaper there than smaller ones.",
    "wasabi": "Objects are billed for 90 days, however early they are deleted (*remembered*).",
}

INTRO = f"""\
# Providers

<!-- Written from the profiles in plugins/module_utils/_store/providers by `{COMMAND}`; change those, not this page. -->

"S3-compatible" is a promise with gaps. There are stores on which `DELETE /bucket?website` deletes the *bucket*, stores that take
a lifecycle rule and forget its filter, and stores that accept a header for encryption and store in the clear. So for each kind of
store this collection has a **profile**: what it is known to do, as data. It is chosen with `provider`, and the modules look into
it before they send anything. What a store lacks is refused before the first request, with the way out.

## How to read the tables

| word | meaning |
| --- | --- |
| yes | the store keeps what it is told, and acts on it |
| kept | the store keeps it, for you to read |
| ask | it depends on the server's version or settings, or nobody has proved it: see below |
| always | it is on, and cannot be switched off |
| – | the store lacks it, or it is not sent for a reason that the provider's section names |

Where the table says *ask*, the modules read the setting before they write it, and write only if the answer shows that the store
knows it. An error that says "not implemented", or a listing of the bucket where a setting was asked for, ends the task with
nothing changed.

Every fact has a grade. **Measured** was seen on a running server of the version named. **Documented** was read in the provider's
documentation or the server's source. **Remembered** is common knowledge that nobody has looked up for this page; no setting of a
bucket is written on the strength of it alone.

## When your store differs

Servers have versions and settings, so you may know better. Say so with `capabilities`; only what is named there is taken from it:

```yaml
mediastore_store:
  provider: ceph
  endpoint_url: https://s3.example.org
  capabilities:
    facets: {{encryption: enforce}}          # this cluster has a key server
    sse: [AES256, "aws:kms", SSE-C]
    storage_classes: [STANDARD, COLD]
```

The words for `facets` are `enforce` (yes), `store` (kept), `ask`, `always` and `none` (–).

An unknown store is best measured. `mediastore.s3.probe` tries everything on buckets and objects of its own making, removes them
again, and returns what it found in the form that `capabilities` takes. Without that, `provider: generic` asks before every write.
"""


def render() -> str:
    """The whole page."""
    profiles = sorted(PROFILES.values(), key=lambda profile: (profile.name == "generic", profile.name))
    sections = [
        INTRO,
        _settings(profiles),
        _connections(profiles),
        _objects(profiles),
        _names_of_objects(profiles),
        _access_keys(profiles),
    ]
    sections += ["## Every provider\n", *(_section(profile) for profile in profiles)]
    return "\n".join(sections)


# -- the tables


def _settings(profiles: Sequence[Profile]) -> str:
    rows = [[_link(profile), *(WORDS[getattr(profile.facets, facet)] for facet in FACETS)] for profile in profiles]
    text = "Of each provider, what its buckets can be set to. The last two are no part of S3 and need `admin_url`."
    return _chapter("Settings of buckets", text, ["provider", *(head for head, _name in FACETS.values())], rows)


def _connections(profiles: Sequence[Profile]) -> str:
    rows = [
        [_link(p), _endpoint(p), f"`{p.region}`" if p.region else "say it", f"`{p.addressing}`", _location(p)] for p in profiles
    ]
    text = "Where it is. What is known here need not be said; `endpoint_url`, `region` and `addressing_style` overrule it."
    return _chapter("Connection", text, ["provider", "endpoint", "region", "addressing", "a new bucket's location"], rows)


def _objects(profiles: Sequence[Profile]) -> str:
    rows = [
        [
            _link(p),
            "MD5" if p.etag_is_md5 else ETAGS["opaque"],
            ETAGS[p.multipart_etag],
            ", ".join(p.checks) or "–",
            f"{p.max_parts} of {_size(p.part_min)} or more",
            _size(p.copy_max) + (", or in parts" if p.multipart_copy else ""),
            _yes(p.conditional_put),
            _yes(p.object_tagging),
            _days(p.presign_max_s),
        ]
        for p in profiles
    ]
    text = (
        "How uploads are proved, and what objects can do. Where the ETag tells nothing (as with SSE-C and SSE-KMS), a checksum\n"
        "is the proof that the store was measured to compare, refusing bytes to which it does not belong: `md5` (Content-MD5)\n"
        "or `sha256` (x-amz-checksum-sha256). Where there is none either, an upload is read back.\n"
        "A condition means that `If-None-Match` on a PUT is obeyed."
    )
    heads = ["provider", "ETag", "ETag of parts", "compared", "parts", "copied at once", "conditions", "tags", "presigned for"]
    return _chapter("Objects", text, heads, rows)


def _names_of_objects(profiles: Sequence[Profile]) -> str:
    rows = [
        [
            _link(p),
            f"{p.key_max_bytes} bytes",
            f"{p.key_segment_max_bytes} bytes" if p.key_segment_max_bytes else "no limit",
            "like any other" if p.key_empty_segments else "–",
            "sorted" if p.list_sorted else "**not sorted**",
            "at once" if p.multi_delete else "one by one",
        ]
        for p in profiles
    ]
    text = "What names objects may have, and how they are listed. A listing that is not sorted costs a sort on the host."
    heads = ["provider", "key", "between slashes", "`a//b`, `/a`, `a/`", "listing", "deleted"]
    return _chapter("Names of objects", text, heads, rows)


def _access_keys(profiles: Sequence[Profile]) -> str:
    rows = [
        [
            _link(p),
            "; ".join(level.replace("+", ", ") for level in p.keys.levels) or "each by itself",
            _yes(p.keys.prefixes),
            "in place" if p.keys.regrants else "by another key",
            _yes(p.keys.disables),
            _yes(p.keys.expires),
            _yes(p.keys.secret_readable),
            str(p.keys.max_keys or "any"),
            _codes(p.keys.oversteps) or "–",
        ]
        for p in profiles
        if p.keys.keyring != "none"
    ]
    others = [profile for profile in profiles if profile.keys.keyring == "none"]
    text = (
        "What `access_key` can do about keys. Rights that a store does not tell apart are given together, or not at all.\n"
        "The last column is what every such key may do, whatever it was granted, because the store cannot withhold it.\n\n"
        f"No keys are made on {', '.join(_link(p) for p in others)}: their sections say where a person makes them."
    )
    heads = [
        "provider",
        "rights",
        "prefix",
        "changed",
        "switched off",
        "ends by itself",
        "secret again",
        "keys a name",
        "not withheld",
    ]
    return _chapter("Access keys", text, heads, rows)


def _chapter(title: str, text: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([f"## {title}\n", f"{text}\n", *_table(heads, rows), ""])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(heads)
    yield _row(["---"] * len(heads))
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# -- one provider


def _section(profile: Profile) -> str:
    blocks = [
        f"### {_heading(profile)}\n",
        _remark(profile),
        _example(profile),
        _can(profile),
        _lifecycle(profile),
        _public(profile),
        _cautions(profile),
        _keys_by_hand(profile),
    ]
    blocks += [_upload(profile), _lacks(profile), _evidence(profile)]
    return "\n".join(block for block in blocks if block)


def _remark(profile: Profile) -> str:
    return f"{_wrapped(REMARKS[profile.name])}\n" if profile.name in REMARKS else ""


def _example(profile: Profile) -> str:
    said = {"provider": profile.name, **EXAMPLES[profile.name]}
    lines = [f"  {name}: {value}" for name, value in said.items()]
    if "enforce" in (profile.facets.quota, profile.facets.aliases):
        lines += ["  admin_url: http://127.0.0.1:3903      # for quotas and aliases", '  admin_token: "{{ vault_admin_token }}"']
    keys = ['  access_key: "{{ vault_s3_access_key }}"', '  secret_key: "{{ vault_s3_secret_key }}"']
    return "\n".join(["```yaml", "mediastore_store:", *lines, *keys, "```\n"])


def _can(profile: Profile) -> str:
    said = {"Has": "enforce", "Keeps": "store", "Always on": "always", "Asked first": "ask"}
    lines = []
    for word, support in said.items():
        names = [name for facet, (_head, name) in FACETS.items() if getattr(profile.facets, facet) == support]
        lines += [_bullet(f"**{word}:** {', '.join(names)}.")] if names else []
    return "\n".join(lines or [_bullet("**Has:** objects, and no settings of buckets.")])


def _lifecycle(profile: Profile) -> str:
    known = profile.lifecycle
    if profile.facets.lifecycle == "none":
        return ""
    lines = []
    if known.actions:
        lines.append(_bullet(f"**Lifecycle rules:** {_codes(known.actions)}; for objects by {_codes(known.filters)}."))
    if known.unsure:
        lines.append(_bullet(f"**In lifecycle rules not sure**, and compared after the write: {_codes(known.unsure)}."))
    if known.max_rules != 1000:
        lines.append(_bullet(f"**Rules at most:** {known.max_rules}."))
    if not known.keeps_ids:
        lines.append(_bullet("**Ids of rules** are not kept."))
    return "\n".join(lines)


def _public(profile: Profile) -> str:
    return _bullet(f"**Public reading:** {PUBLIC.get(profile.public_read) or profile.instead['public_read']}")


def _cautions(profile: Profile) -> str:
    return "\n".join(_bullet(f"**Careful with** `{part}`. {said}") for part, said in profile.cautions.items())


def _keys_by_hand(profile: Profile) -> str:
    if profile.keys.keyring != "none" or not profile.keys.console:
        return ""
    return _bullet(f"**Access keys** are made in {profile.keys.console.rstrip('.')}.")


def _upload(profile: Profile) -> str:
    classes = "whatever the store knows" if profile.storage_classes is None else _codes(profile.storage_classes)
    said = [f"storage class {classes}"]
    said += [f"encryption {_codes(profile.sse)}"] if profile.sse else []
    said += [f"ACL {_codes(profile.object_acls)}"] if profile.object_acls else []
    return _bullet(f"**An upload may ask for** {'; '.join(said)}.") + "\n"


def _lacks(profile: Profile) -> str:
    together: dict[str, list[str]] = {}
    for name in _lacking(profile):
        together.setdefault(profile.instead[name], []).append(name)
    rows = [[_names(profile, names), sentence] for sentence, names in together.items()]
    return "\n".join([*_table(["where it lacks", "use instead"], rows), ""])


def _lacking(profile: Profile) -> list[str]:
    # public reading has a line of its own
    order = [*FACETS, "sse", "storage_class", *LIFECYCLE_ACTIONS, *LIFECYCLE_FILTERS]
    return [name for name in order if name in profile.instead]


def _names(profile: Profile, names: Sequence[str]) -> str:
    parts = [name for name in names if name in (*LIFECYCLE_ACTIONS, *LIFECYCLE_FILTERS)]
    settings = [_name(profile, name) for name in names if name not in parts]
    return ", ".join(settings + ([f"{_codes(parts)} in lifecycle rules"] if parts else []))


def _name(profile: Profile, name: str) -> str:
    of_objects = name == "acl" and profile.facets.acl in ("enforce", "store")
    return OTHERS[name] if of_objects or name not in FACETS else FACETS[name][1]


def _evidence(profile: Profile) -> str:
    facts = [source for grade in (MEASURED, DOCUMENTED, REMEMBERED) for source in profile.source if source.grade == grade]
    lines = [_bullet(f"*{source.grade}:* {source.what}.") for source in facts]
    return "\n".join(["<details><summary>Evidence</summary>\n", *lines, "\n</details>\n"])


# -- words


def _bullet(text: str) -> str:
    return _wrapped(text, initial_indent="* ", subsequent_indent="  ")


def _wrapped(text: str, **indent: str) -> str:
    return textwrap.fill(text, 130, break_long_words=False, break_on_hyphens=False, **indent)


def _heading(profile: Profile) -> str:
    title = "Any other store" if profile.name == "generic" else profile.title
    return f"{title} (`{profile.name}`)"


def _link(profile: Profile) -> str:
    anchor = "".join(c for c in _heading(profile).lower().replace(" ", "-") if c.isalnum() or c == "-")
    return f"[{profile.name}](#{anchor})"


def _endpoint(profile: Profile) -> str:
    if profile.endpoint_known_to_boto:
        return "boto knows it"
    return f"`{profile.endpoint}`" if profile.endpoint else "say it"


def _location(profile: Profile) -> str:
    return {"omit": "where the endpoint is", "region": "the region"}.get(profile.location_constraint, profile.location_constraint)


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _yes(known: bool) -> str:
    return "yes" if known else "–"


def _size(size: int) -> str:
    unit, name = next((unit, name) for unit, name in ((1024 * GIB, "TiB"), (GIB, "GiB"), (MIB, "MiB")) if size >= unit)
    return f"{size // unit} {name}"


def _days(seconds: int | None) -> str:
    return "any time" if seconds is None else f"{seconds // 86400} days"


def main() -> None:
    """Write the page to the file named on the command line."""
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
