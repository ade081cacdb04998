# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the doctor can find: the stable name of each class, what causes it, and what heals it."""

from __future__ import annotations

import typing as t

from . import visit


class Cure(t.NamedTuple):
    """What is known of a class."""

    cause: str
    #: what to do, in words that ``str.format`` fills with what was seen
    fix: str


class Finding(t.NamedTuple):
    """One thing that is wrong, in one place."""

    name: str
    #: what was looked at, such as ``bucket media`` or ``mount media``
    where: str
    seen: str
    cause: str
    fix: str
    #: the options of the connection that would be right, where it is known which
    settings: t.Mapping[str, str] = {}


#: what keeps this host from the store
STORE: dict[str, Cure] = {
    "name": Cure(
        "The name of the store's host leads nowhere on this host.",
        "Correct the host in endpoint_url; if it is right, correct the DNS record or this host's /etc/resolv.conf.",
    ),
    "no_answer": Cure(
        "Nothing answers there: the store is down, or the port, the route or a firewall is wrong.",
        "Start the store, or correct the port in endpoint_url; if it runs, open the way to it from this host.",
    ),
    "tls": Cure(
        "What answers there does not speak TLS.",
        "Write endpoint_url with http://, or have the store's server speak TLS at that port.",
    ),
    "certificate_name": Cure(
        "The store's certificate is for another name than the one in the address.",
        "Write the name in endpoint_url for which the certificate is, or give the store a certificate for this name.",
    ),
    "bucket_dot": Cure(
        "The bucket has a dot in its name, and a certificate for *.host covers one level only.",
        "Set addressing_style to path, or use a bucket without a dot; visitors need a media host with a certificate of its own.",
    ),
    "certificate_expired": Cure("The store's certificate has expired.", "Renew the certificate, and have its server load it."),
    "certificate_unknown": Cure(
        "This host does not know who has signed the store's certificate.",
        "Set ca_path to the certificate of the authority that has signed it, or have the server send its whole chain.",
    ),
    "not_s3": Cure(
        "The address is that of something else, such as the store's console, its website or another server.",
        "Set endpoint_url to the store's S3 interface.",
    ),
    "endpoint_bucket": Cure(
        "The bucket is in endpoint_url, and would be added to it once more.",
        "Set endpoint_url to {endpoint_url}, without the bucket.",
    ),
    "clock": Cure(
        "The clock of this host, or the store's, is wrong: requests are signed with the time, and old ones are refused.",
        "Set the clock (timedatectl set-ntp true), here if it is this one that is wrong.",
    ),
    "region": Cure(
        "Requests are signed for another region than the bucket's. Some libraries correct that by themselves, others fail.",
        "Set region to {region}.",
    ),
    "addressing": Cure(
        "The bucket's name is put where this store does not look for it.",
        "Set addressing_style to {addressing_style}.",
    ),
    "no_bucket": Cure(
        "The store has no such bucket: its name is wrong, or it was never made.",
        "Correct the name of the bucket{instead}, or make it (mediastore.s3.provision).",
    ),
    "key_unknown": Cure(
        "The store does not know this access key: it is misspelt, was deleted, or belongs to another store.",
        "Correct access_key, or make a new key (mediastore.s3.rotate_key) and use it everywhere.",
    ),
    "secret": Cure(
        "The secret does not belong to this access key.",
        "Correct secret_key; who has lost it makes a new key (mediastore.s3.rotate_key).",
    ),
    "key_denied": Cure(
        "The key is right, and may not do this: what it was granted, or the bucket's policy, leaves it out.",
        "Grant the key {right} on bucket {bucket} (mediastore_keys, or the policy that says what the key may do).",
    ),
    "checksums": Cure(
        "Since boto3 1.36 uploads carry a checksum that nobody asked for, and this store refuses it.",
        "Set AWS_REQUEST_CHECKSUM_CALCULATION and AWS_RESPONSE_CHECKSUM_VALIDATION to when_required for the application.",
    ),
    "busy": Cure("The store asks for fewer requests.", "Put a cache in front of it, or ask the provider for more."),
    "store_error": Cure("The store answers, and fails.", "Look into the store's log, and ask whoever runs it."),
    "refused": Cure("The store refuses the request.", "{remedy}"),
}

#: who may and may not read, and what becomes of the media
BUCKET: dict[str, Cure] = {
    "listable": Cure(
        "Everybody gets a list of what is in the bucket, and so the address of each object.",
        "Do not let everybody list it. {closing}",
    ),
    "readable": Cure(
        "Everybody can read the objects of a bucket that is private.", "Let nobody read it without a key. {closing}"
    ),
    "expiring": Cure(
        "A lifecycle rule of the bucket deletes media that the application still needs.",
        "Remove the rule {rule} or limit it to a prefix without media (mediastore.s3.lifecycle); if it is meant, name it in the "
        "lifecycle of this bucket.",
    ),
    "denied_by_policy": Cure(
        "A statement of the bucket's policy denies reading to everybody.",
        "Take the statement {statement} out of the bucket's policy (mediastore.s3.bucket_policy).",
    ),
    "denied_by_block": Cure(
        "The public access block of the bucket makes a policy or an ACL that opens it void.",
        "Set {block} of its public_access_block to false (mediastore.s3.bucket), those of the account too.",
    ),
    "denied_by_acl": Cure(
        "The object was uploaded without the ACL public-read, and the bucket's policy does not open it.",
        "Give the objects the ACL public-read (upload with acl: public-read), or better: {opening}",
    ),
    "denied_by_ownership": Cure(
        "ACLs are switched off in the bucket (BucketOwnerEnforced), so public-read of an object means nothing.",
        "Do not open it by ACLs. {opening}",
    ),
    "in_backup": Cure(
        "The object is not in the bucket. The migration has not copied it, and its backup has it.",
        "Copy it from {path} into the bucket (mediastore.s3.sync with path and bucket).",
    ),
    "in_other_bucket": Cure(
        "The object is in another bucket of this host: an address or a copy leads to the wrong one.",
        "Have the media host lead to bucket {bucket}, or copy it from there (mediastore.s3.bucket_copy).",
    ),
    "truncated": Cure(
        "The object is not the whole file: an upload was cut off, or the file was still being written.",
        "Copy it again from {path} (mediastore.s3.sync compares sizes).",
    ),
}

#: what is wrong on this host
HOST: dict[str, Cure] = {
    "not_mounted": Cure(
        "The mount is not there, so what the application writes is refused or ends up on the local disk.",
        "Start it: systemctl start {unit}. Why it stopped is in journalctl -u {unit}.",
    ),
    "mount_dead": Cure(
        "The program that mounted the bucket is gone (Transport endpoint is not connected).",
        "Unmount it (umount -l {path}), and start it again: systemctl restart {unit}.",
    ),
    "mount_hangs": Cure(
        "The program that mounted the bucket does not answer; whoever touches the path waits.",
        "Kill that program (systemctl kill --signal=KILL {unit}), unmount it (umount -l {path}), and start it again.",
    ),
    "mount_other": Cure("Something else is mounted there.", "Unmount it (umount {path}), and start {unit}."),
    "not_empty": Cure(
        "There are files below the path of a mount that is not mounted; it cannot start over them.",
        "Bring the files into the bucket (mediastore.s3.sync), move them away from {path}, and start {unit}.",
    ),
    "not_writable": Cure(
        "The filesystem does not take a file from the application.",
        "Mount {path} for writing, and give it to {owner} (owner and dir_mode of the mount).",
    ),
    "disk_full": Cure("The filesystem is full.", "Make room on the filesystem of {path}, or move what is there."),
    "inodes_full": Cure(
        "The filesystem has room, and can take no more files: all inodes are in use.",
        "Remove small files from the filesystem of {path}, or make it with more inodes.",
    ),
    "resolver": Cure(
        "Nginx asks this DNS server, and it does not know the store. Neither /etc/hosts nor another server helps.",
        "Name a DNS server that knows {host} in mediastore_cache_nameservers.",
    ),
    "interrupted": Cure(
        "A cutover or rollback was cut off, so the application may be stopped.",
        "Run ansible-playbook mediastore.s3.migrate.cutover again; it first brings the application up as it was.",
    ),
}

#: why visitors do not see media; what to do is said by visit.py
VISITORS: dict[str, str] = {
    "name": "The name of the media host leads nowhere.",
    "certificate_name": "The certificate of the media host is for another name.",
    "certificate_expired": "The certificate of the media host has expired.",
    "certificate_unknown": "Nobody knows who has signed the certificate of the media host.",
    "tls": "What answers at the media host does not speak TLS.",
    "no_answer": "Nothing answers at the media host: its server is down, or the port, the route or a firewall is wrong.",
    "redirect": "Visitors are sent from one address to another, and arrive nowhere.",
    "denied": "The bucket or the object is closed to visitors.",
    "wrong_place": "The media host asks another bucket, prefix or path than the one with the media.",
    "wrong_root": "The folders of the media are not where the application looks for them.",
    "cached_error": "The store has the object, and a cache goes on giving out an error that it has kept.",
    "not_copied": "The file came after the last copy, and was never copied.",
    "missing": "The object was deleted, or never uploaded.",
    "unavailable": "The server of the media host does not reach the store.",
    "busy": "The store, or what is in front of it, asks for fewer requests.",
    "unexpected": "The media host answers what no store answers.",
    "other_content": "What is given out is not the object.",
    "content_type": "The object was uploaded without its type, so that a browser saves it instead of showing it.",
    "insecure": "The page has https and its media have http.",
    "csp": "The page's own Content-Security-Policy forbids media from there.",
    "cors": "Scripts of the page may not read media from there.",
    "page": "The page did not answer.",
    "wrong_address": "The application names another address than the one where its media are.",
}

CLASSES: dict[str, Cure] = {
    **{name: Cure(cause, visit.REMEDIES[name].replace("{", "{{").replace("}", "}}")) for name, cause in VISITORS.items()},
    **HOST,
    **BUCKET,
}


def of_store(name: str, where: str, seen: str, settings: t.Mapping[str, str] | None = None, **words: str) -> Finding:
    """Something between this host and the store."""
    cure = STORE[name]
    return Finding(name, where, seen, cure.cause, cure.fix.format(**{**(settings or {}), **words}), settings or {})


def of_media(name: str, where: str, seen: str, fix: str = "", **words: str) -> Finding:
    """Something with media, a bucket or this host; a fix that is given is better than the usual one."""
    cure = CLASSES[name]
    return Finding(name, where, seen, cure.cause, fix or cure.fix.format(**words))


def together(findings: t.Iterable[Finding]) -> list[dict[str, t.Any]]:
    """Each class once for each place, with a count and a few examples; in the order in which they were found."""
    found: dict[tuple[str, str], dict[str, t.Any]] = {}
    for one in findings:
        start = {"name": one.name, "where": one.where, "count": 0, "cause": one.cause, "fix": one.fix, "seen": []}
        entry = found.setdefault((one.name, one.where), {**start, "settings": dict(one.settings)})
        entry["count"] += 1
        if len(entry["seen"]) < visit.SHOWN and one.seen not in entry["seen"]:
            entry["seen"].append(one.seen)
    return list(found.values())


def sentences(entries: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The findings for a person, some lines each."""
    lines = []
    for entry in entries:
        more = f" ({entry['count']} times)" if entry["count"] > 1 else ""
        lines.append(f"{entry['name']}: {entry['where']}{more}")
        lines += [f"  seen:  {seen}" for seen in entry["seen"]]
        lines += [f"  cause: {entry['cause']}", f"  fix:   {entry['fix']}"]
    return lines
