# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by Zulip's manage.py shell: print the headers and metadata of its uploads, a line of JSON for each path.

They are what Zulip's own zerver/lib/upload/s3.py sends: whose an object is, without which an export fails, the name under which
it is downloaded, and for how long browsers may keep it.
"""

import datetime
import json
import os

from django.utils.http import content_disposition_header
from zerver.lib.avatar_hash import user_avatar_path
from zerver.models import Attachment, Realm, RealmEmoji, UserProfile

try:
    from zerver.lib.mime_types import INLINE_MIME_TYPES, guess_type
except ImportError:  # before Zulip 10
    from mimetypes import guess_type

    from zerver.lib.upload.base import INLINE_MIME_TYPES

IMMUTABLE = "public, max-age=31536000, immutable"
since = datetime.datetime.fromtimestamp(float(os.environ.get("MEDIASTORE_SINCE", "0")), datetime.timezone.utc)


def tell(path, realm_id, user_id=None, content_type=None, filename=None, cache_control=None, **metadata):
    metadata["realm_id"] = str(realm_id)
    if user_id is not None:
        metadata["user_profile_id"] = str(user_id)
    said = {"path": path, "metadata": metadata}
    if content_type:
        said["content_type"] = content_type
        attached = content_type not in INLINE_MIME_TYPES
        disposition = content_disposition_header(attached, filename) if filename else "attachment" if attached else None
        if disposition:
            said["content_disposition"] = disposition
    if cache_control:
        said["cache_control"] = cache_control
    print(json.dumps(said))


for attachment in Attachment.objects.filter(create_time__gte=since).iterator():
    kind = getattr(attachment, "content_type", None) or guess_type(attachment.file_name)[0] or "application/octet-stream"
    tell("files/" + attachment.path_id, attachment.realm_id, attachment.owner_id, kind, attachment.file_name)

for user in UserProfile.objects.filter(avatar_source="U").iterator():
    version = str(user.avatar_version)
    for ending, kind in ((".original", "application/octet-stream"), (".png", "image/png"), ("-medium.png", "image/png")):
        name = "avatars/" + user_avatar_path(user) + ending
        tell(name, user.realm_id, user.id, kind, cache_control=IMMUTABLE, avatar_version=version)

for emoji in RealmEmoji.objects.exclude(file_name=None).iterator():
    folder, stem = f"avatars/{emoji.realm_id}/emoji/images/", os.path.splitext(emoji.file_name)[0]
    kind = guess_type(emoji.file_name)[0] or "application/octet-stream"
    for name, its in ((emoji.file_name, kind), (emoji.file_name + ".original", kind), (f"still/{stem}.png", "image/png")):
        tell(folder + name, emoji.realm_id, emoji.author_id, its, cache_control=IMMUTABLE)

for realm in Realm.objects.iterator():
    for name in ("icon", "logo", "night_logo"):
        tell(f"avatars/{realm.id}/realm/{name}.original", realm.id)
        tell(f"avatars/{realm.id}/realm/{name}.png", realm.id, content_type="image/png")
