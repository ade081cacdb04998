# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by Zulip's manage.py shell: print the headers and metadata of its uploads, a line of JSON for each path.

They are what Zulip's own zerver/lib/upload/s3.py sends: whose an object is, the name under which it is downloaded, and for how
long browsers may keep it. An export (zerver/lib/export.py) fails at the first object without both ids.
"""

import datetime
import json
import os
import pathlib

from django.utils.http import content_disposition_header
from zerver.lib.avatar_hash import user_avatar_path
from zerver.lib.upload import s3
from zerver.models import Attachment, Realm, RealmEmoji, UserProfile

try:
    from zerver.lib.mime_types import INLINE_MIME_TYPES, guess_type
except ImportError:  # before Zulip 10
    from mimetypes import guess_type

    from zerver.lib.upload.base import INLINE_MIME_TYPES

# Names of metadata travel as names of headers, so Zulip means to write them with hyphens one day (zulip/zulip#13234).
HYPHENS = '"realm-id"' in pathlib.Path(s3.__file__).read_text()
IMMUTABLE = "public, max-age=31536000, immutable"
since = datetime.datetime.fromtimestamp(float(os.environ.get("MEDIASTORE_SINCE", "0")), datetime.timezone.utc)


def tell(path, realm_id, user_id=None, content_type=None, filename=None, cache_control=None, **metadata):
    metadata["realm_id"] = str(realm_id)
    # what came with an import, and what is the realm's, is nobody's; an export wants to hear of somebody
    user_id = someone.get(realm_id) if user_id is None else user_id
    if user_id is not None:
        metadata["user_profile_id"] = str(user_id)
    said = {"path": path, "metadata": {name.replace("_", "-") if HYPHENS else name: text for name, text in metadata.items()}}
    if content_type:
        said["content_type"] = content_type
        # newer versions add the charset
        attached = content_type.partition(";")[0].strip() not in INLINE_MIME_TYPES
        disposition = content_disposition_header(attached, filename) if filename else "attachment" if attached else None
        if disposition:
            said["content_disposition"] = disposition
    if cache_control:
        said["cache_control"] = cache_control
    print(json.dumps(said))


# somebody of each realm: the first one
someone = {}
for user in UserProfile.objects.order_by("id").iterator():
    someone.setdefault(user.realm_id, user.id)
    if user.avatar_source != "U":
        continue
    version = str(user.avatar_version)
    for ending, kind in ((".original", "application/octet-stream"), (".png", "image/png"), ("-medium.png", "image/png")):
        name = "avatars/" + user_avatar_path(user) + ending
        tell(name, user.realm_id, user.id, kind, cache_control=IMMUTABLE, avatar_version=version)

for attachment in Attachment.objects.filter(create_time__gte=since).iterator():
    kind = getattr(attachment, "content_type", None) or guess_type(attachment.file_name)[0] or "application/octet-stream"
    tell("files/" + attachment.path_id, attachment.realm_id, attachment.owner_id, kind, attachment.file_name)

for emoji in RealmEmoji.objects.exclude(file_name=None).iterator():
    folder, stem = f"avatars/{emoji.realm_id}/emoji/images/", os.path.splitext(emoji.file_name)[0]
    kind = guess_type(emoji.file_name)[0] or "application/octet-stream"
    for name, its in ((emoji.file_name, kind), (emoji.file_name + ".original", kind), (f"still/{stem}.png", "image/png")):
        tell(folder + name, emoji.realm_id, emoji.author_id, its, cache_control=IMMUTABLE)

for realm in Realm.objects.iterator():
    for name in ("icon", "logo", "night_logo"):
        tell(f"avatars/{realm.id}/realm/{name}.original", realm.id)
        tell(f"avatars/{realm.id}/realm/{name}.png", realm.id, content_type="image/png")
