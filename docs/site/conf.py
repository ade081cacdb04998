# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the documentation site; tests/utils/site_source.py lays out what it builds."""

from __future__ import annotations

from typing import Any

from docutils import nodes

project = "mediastore.s3"
author = copyright = "mediastore.s3 contributors"
title = html_title = html_short_title = "mediastore.s3"
language = "en"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "sphinx_rtd_theme"
html_theme_options = {"collapse_navigation": False}
html_show_sphinx = False
highlight_language = "yaml"

# as the repository's own pages do
myst_heading_anchors = 4
nitpicky = True
# The build asks no network, so it cannot fetch the inventory of Ansible's own site: these are what our pages refer to there.
intersphinx_mapping: dict[str, tuple[str, str | None]] = {}
ANSIBLE = "https://docs.ansible.com/ansible/latest"
ELSEWHERE = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html#action-plugins",
    "ansible_configuration_settings": f"{ANSIBLE}/reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html#common-return-values",
}


def elsewhere(_app: Any, _env: Any, node: nodes.Element, content: nodes.Element) -> nodes.reference | None:
    """The link for a label of Ansible's own documentation."""
    address = ELSEWHERE.get(node.get("reftarget", ""))
    return nodes.reference("", "", content, internal=False, refuri=address) if address else None


def setup(app: Any) -> None:
    app.connect("missing-reference", elsewhere)
