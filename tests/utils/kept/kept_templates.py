# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Jinja makes of templates, for sitecustomize.py in the process of ansible-playbook.

Each task is a process that compiles its templates anew, those of module_defaults among them: a fifth of the playbook's time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

from kept_later import Later

#: what of the environment has a say in how a template is read
READ_BY = """
    block_start_string block_end_string variable_start_string variable_end_string comment_start_string comment_end_string
    line_statement_prefix line_comment_prefix
    trim_blocks lstrip_blocks newline_sequence keep_trailing_newline autoescape optimized
"""
ENVIRONMENT = "ansible._internal._templating._jinja_bits"


def keep(kept_code: Callable[[tuple[bytes, ...], Callable[[], CodeType]], CodeType]) -> None:
    """From here on."""

    def change(module: ModuleType) -> None:
        import jinja2.environment

        environment = module.AnsibleEnvironment
        compile_any, compile_expression = environment.compile, environment.compile_expression
        makers = [(file, os.stat(file).st_mtime_ns) for file in (module.__file__, jinja2.environment.__file__)]

        def named(self: Any, kind: str, source: str) -> tuple[bytes, ...]:
            context = module._TemplateCompileContext.current(optional=True)
            reads = [str(getattr(self, name)) for name in READ_BY.split()] + sorted(self.extensions)
            return (repr((kind, makers, reads, context and context.escape_backslashes)).encode(), str(source).encode())

        def kept_template(self: Any, source: Any, *more: Any, **options: Any) -> Any:
            if not isinstance(source, str) or more or options:
                return compile_any(self, source, *more, **options)
            return kept_code(named(self, "template", source), lambda: compile_any(self, source))

        def kept_expression(self: Any, source: str, undefined_to_none: bool = True) -> Any:
            def made() -> CodeType:
                codes: list[CodeType] = []
                self.compile = lambda *words, **options: codes.append(compile_any(self, *words, **options)) or codes[-1]
                try:
                    compile_expression(self, source, undefined_to_none)
                finally:
                    del self.compile
                return codes[-1]

            code = kept_code(named(self, "expression", source), made)
            template = self.template_class.from_code(self, code, self.make_globals(None), None)
            return jinja2.environment.TemplateExpression(template, undefined_to_none)

        environment.compile, environment.compile_expression = kept_template, kept_expression

    Later(ENVIRONMENT, change)
