# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The policies that media stores need, each made from the name of a bucket."""

from __future__ import annotations

import typing as t

from .bucketname import check_name
from .errors import BadInput
from .policylanguage import VERSION, Document

Statements = t.List[Document]
#: the value of a Principal; None for the policy of a user or key, which is for whoever has it
Who = t.Optional[t.Dict[str, t.Any]]

READ = ("s3:GetObject",)
#: an upload in parts is resumed by asking which parts are there, and given up by aborting it
UPLOAD = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
DELETE = ("s3:DeleteObject",)
TAGS = ("s3:GetObjectTagging", "s3:PutObjectTagging")
LIST = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
SEND_ACL = ("s3:PutObjectAcl",)
#: a copy gets a new ACL, so whoever copies has to carry the old one over
KEEP_ACL = ("s3:GetObjectAcl", "s3:PutObjectAcl")

#: what each preset may do with the objects, beside listing them; and what acl adds, where it can
RIGHTS = {
    "read_only": (READ, ()),
    "read_write": (READ + UPLOAD + DELETE, SEND_ACL),
    "mastodon": (READ + UPLOAD + DELETE, SEND_ACL),
    "migration": (READ + UPLOAD + DELETE + TAGS, KEEP_ACL),
    # An object is moved to another class by copying it onto itself. Nothing is deleted.
    "storage_class": (READ + UPLOAD + TAGS, KEEP_ACL),
}
#: the policies of Zulip's documentation: the Id, and what the Sids begin with
ZULIP = {
    "zulip_uploads": ("Policy1468991802320", "Stmt146899179537"),
    "zulip_avatars": ("Policy1468991802321", "Stmt146899179538"),
    "zulip_exports": ("Policy1468991802322", "Stmt146899179539"),
}
#: kept word for word as the applications' documentation has them
VERBATIM = (*ZULIP, "matrix_full")
#: Where Mastodon keeps what everybody may see. Not among them: backups/ (the archives that users ask for) and imports/
#: (lists of whom they follow and block). Mastodon uploads those with the ACL private; its own links to them are signed.
MASTODON_PUBLIC = ("accounts/", "cache/", "custom_emojis/", "media_attachments/", "preview_cards/", "site_uploads/")

FOR_BUCKETS = ("mastodon", "matrix_full", "read_only", "read_write", *ZULIP)
FOR_KEYS = ("matrix_full", "migration", "read_only", "read_write", "storage_class")
#: why a preset is of the one kind only
OPENS = "opens objects to everybody, which only the policy of a bucket can do"
PRINTED = "is the policy of a bucket, word for word as Zulip's documentation has it"
PASSING = "is for a key that goes away when the work is done, and the policy of a bucket stays"
ONE_KIND = {
    "mastodon": OPENS,
    "migration": PASSING,
    "storage_class": PASSING,
    "zulip_avatars": OPENS,
    "zulip_exports": PRINTED,
    "zulip_uploads": PRINTED,
}


def for_bucket(bucket: str, preset: str, principals: t.Sequence[str], prefix: str = "", acl: bool = False) -> Document:
    """The policy of a bucket, for these principals; only mastodon and zulip_avatars also let everybody read."""
    tried = "make an app_policy"
    check_asked(bucket, preset, prefix, acl, FOR_BUCKETS, tried)
    check_principals(principals, tried)
    everybody = _public(bucket, [prefix + directory for directory in MASTODON_PUBLIC]) if preset == "mastodon" else []
    return _made(bucket, preset, _named(principals), prefix, acl, everybody)


def for_key(bucket: str, preset: str, prefix: str = "", acl: bool = False) -> Document:
    """The policy of a user or key: the preset's rights for whoever has it, and nothing for anybody else."""
    check_asked(bucket, preset, prefix, acl, FOR_KEYS, "make a key_policy")
    return _made(bucket, preset, None, prefix, acl, [])


def private(bucket: str, principals: t.Sequence[str], prefix: str = "", read_only: bool = False) -> Document:
    """The principals, and nobody else, may read (and write) below the prefix, and list the whole bucket."""
    tried = "make a private_policy"
    check_bucket(bucket, tried)
    check_principals(principals, tried)
    return _document(_least("read_only" if read_only else "read_write", bucket, _named(principals), prefix, listed=""))


def public_read(bucket: str, prefix: str = "") -> Document:
    """Everybody may get objects below the prefix; listing, writing and deleting stay closed."""
    check_bucket(bucket, "make a public_read_policy")
    return _document(_public(bucket, [prefix]))


def check_bucket(bucket: t.Any, tried: str) -> None:
    """Refuse what no bucket can be called, whatever it is."""
    if not isinstance(bucket, str):
        raise BadInput(tried, said=f"{bucket!r:.40} is not the name of a bucket", remedy="Give the name as text.")
    check_name(bucket, tried)


def check_principals(principals: t.Any, tried: str) -> None:
    """Refuse an empty list, and a star, which would be the opposite of private."""
    if not isinstance(principals, list) or not principals or not all(isinstance(who, str) and who for who in principals):
        raise BadInput(
            tried,
            said="principals is not a list of names",
            remedy="Name at least one user; a bucket without a policy is private.",
        )
    if "*" in principals:
        raise BadInput(
            tried, said="principals holds *, which is everybody", remedy="Name users, or use mediastore.s3.public_read_policy."
        )


def check_asked(bucket: t.Any, preset: t.Any, prefix: t.Any, acl: t.Any, presets: t.Sequence[str], tried: str) -> None:
    """Refuse what cannot be meant: a preset of the other kind, and an option that would do nothing or open too much."""
    check_bucket(bucket, tried)
    _check_preset(preset, presets, tried)
    check_prefix(prefix, tried)
    if not isinstance(acl, bool):
        raise BadInput(tried, said=f"acl is {acl!r:.40}", remedy="Write acl=true or acl=false.")
    for option in [name for name, given in (("prefix", prefix), ("acl", acl)) if given and preset in VERBATIM]:
        raise BadInput(
            tried,
            said=f"{preset} is kept word for word as the application's documentation has it, and {option} would change it",
            remedy=f"Leave {option} out, or use read_write, which has it.",
        )
    if acl and not RIGHTS[preset][1]:
        raise BadInput(tried, said=f"{preset} writes nothing, so no ACLs either", remedy="Leave acl out, or use read_write.")


def _check_preset(preset: t.Any, presets: t.Sequence[str], tried: str) -> None:
    if preset in presets:
        return
    if preset not in FOR_BUCKETS + FOR_KEYS:
        raise BadInput(
            tried, said=f"there is no preset {preset!r:.40}", remedy=f"Use {', '.join(presets[:-1])} or {presets[-1]}."
        )
    instead = f"Give the key read_write, and the bucket mediastore.s3.app_policy('{preset}', principals=[...])."
    if preset in FOR_KEYS:
        instead = f"Use mediastore.s3.key_policy('{preset}')."
    raise BadInput(tried, said=f"{preset} {ONE_KIND[preset]}", remedy=instead)


def check_prefix(prefix: t.Any, tried: str) -> None:
    """Refuse what no keys begin with, and what in a policy would mean something else."""
    if not isinstance(prefix, str):
        raise BadInput(tried, said=f"prefix is {prefix!r:.40}", remedy="Write the beginning of the keys as text.")
    if prefix.startswith("/"):
        raise BadInput(tried, said=f"the prefix {prefix} begins with '/', and keys do not", remedy="Leave the first slash out.")
    wild = next((mark for mark in ("*", "?", "${") if mark in prefix), "")
    if wild:
        raise BadInput(
            tried,
            said=f"the prefix {prefix} holds {wild}, which in a policy stands for something else",
            remedy="Give the beginning of the keys as it is; the star at its end is added.",
        )


def _made(bucket: str, preset: str, who: Who, prefix: str, acl: bool, everybody: Statements) -> Document:
    if preset in ZULIP:
        return _zulip(bucket, preset, _printed(who))
    if preset == "matrix_full":
        return _matrix(bucket, _printed(who))
    return _document(_least(preset, bucket, who, prefix, listed=prefix, acl=acl) + everybody)


def statements(bucket: str, prefix: str, listing: bool, actions: t.Sequence[str]) -> Statements:
    """The statements of a user's policy that allow these actions below the prefix, and to list it."""
    use = [_allow("Use", None, list(actions), [_objects(bucket, prefix)])] if actions else []
    return [*(_look(bucket, None, prefix) if listing else []), *use]


def _least(preset: str, bucket: str, who: Who, prefix: str, *, listed: str, acl: bool = False) -> Statements:
    always, with_acl = RIGHTS[preset]
    actions = sorted({*always, *(with_acl if acl else ())})
    return [*_look(bucket, who, listed), _allow("Use", who, actions, [_objects(bucket, prefix)])]


def _look(bucket: str, who: Who, prefix: str) -> Statements:
    place = [_bucket(bucket)]
    if not prefix:
        return [_allow("List", who, list(LIST), place)]
    # Only a listing has the key s3:prefix. Another action under the same condition would never be allowed, and MinIO
    # refuses such a document. Uploads in progress cannot be limited to a prefix, so they are not shown at all.
    below = {"StringLike": {"s3:prefix": [f"{prefix}*"]}}
    return [
        {**_allow("List", who, ["s3:ListBucket"], place), "Condition": below},
        _allow("Locate", who, ["s3:GetBucketLocation"], place),
    ]


def _public(bucket: str, prefixes: t.Sequence[str]) -> Statements:
    return [
        {
            "Sid": "PublicRead",
            "Effect": "Allow",
            "Principal": "*",
            "Action": list(READ),
            "Resource": [_objects(bucket, prefix) for prefix in prefixes],
        }
    ]


def _zulip(bucket: str, preset: str, who: Who) -> Document:
    ident, sid = ZULIP[preset]
    statements = [
        _allow(f"{sid}0", who, ["s3:GetObject", "s3:DeleteObject", "s3:PutObject"], _objects(bucket)),
        _allow(f"{sid}1", who, "s3:ListBucket", _bucket(bucket)),
    ]
    if preset == "zulip_avatars":
        statements.append(_allow(f"{sid}2", {"AWS": "*"}, "s3:GetObject", _objects(bucket)))
    return {"Version": VERSION, "Id": ident, "Statement": statements}


def _matrix(bucket: str, who: Who) -> Document:
    return _document([_allow("Stmt1400105486000", who, ["s3:*"], [_bucket(bucket), _objects(bucket)])])


def _document(statements: Statements) -> Document:
    return {"Version": VERSION, "Statement": statements}


def _allow(sid: str, who: Who, actions: str | list[str], resources: str | list[str]) -> Document:
    whom = {} if who is None else {"Principal": who}
    return {"Sid": sid, "Effect": "Allow", **whom, "Action": actions, "Resource": resources}


def _named(principals: t.Sequence[str]) -> Who:
    return {"AWS": sorted(set(principals))}


def _printed(who: Who) -> Who:
    # The documentation has one name there, not a list of one.
    return {"AWS": who["AWS"][0]} if who and len(who["AWS"]) == 1 else who


def _bucket(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _objects(bucket: str, prefix: str = "") -> str:
    return f"{_bucket(bucket)}/{prefix}*"
