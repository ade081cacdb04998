# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Ways out that several providers share: one sentence each, for what they lack."""

from __future__ import annotations

#: limits and names that are no part of S3
QUOTA = "Set a limit or an alert in the provider's console."
ALIASES = "Use the bucket's own name; a second name is a matter of DNS and a proxy in front of it."

#: who may do what
POLICY = "Use mediastore.s3.bucket_policy to say who may do what."
PRIVATE_BY_ITSELF = "A bucket is private there unless a policy or an ACL opens it, so leave the option out."
OBJECT_ACL = "Upload with acl=public-read what everybody may read."

#: what is served, and how it is kept
WEBSITE = "Put a web server or a CDN in front of the bucket."
DISKS = "Use sse_customer_key, or encrypt the disks below the store."
CUSTOMER_KEY = "Use sse_customer_key, the one kind of encryption there that an upload can ask for."
NOTES = "Keep such notes in the bucket's name or in your inventory."
ONE_CLASS = "There is one storage class only; leave storage_class out."
ONE_OF_THESE = "Choose one of the classes that it has."

#: lifecycle rules
NO_TIERS = "There is one storage class only, so nothing can move to another."
NO_OLD_VERSIONS = "No old versions are kept there, so there is nothing to remove."
BY_PREFIX = "Write one rule for each prefix instead."
DAYS = "Use expiration_days."
ALL_OLD_VERSIONS = "Use noncurrent_days alone: all old versions then live that long."
DELETE_MARKERS = "Remove delete markers with the store's own tools, or leave the option out."
NO_RULES = "Remove what is too old with a timer of your own, and unfinished uploads with the store's own tools."
