"""The programs on docs/jobs.md, as they stand there."""

import re
import sys
from types import ModuleType

from project.settings import BASE_DIR

DOCUMENT = BASE_DIR / "docs/jobs.md"
PARTS = re.compile(r"^## (.+?)$(?:.*?)^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXTS = dict(PARTS.findall(DOCUMENT.read_text("utf-8")))


def recipe(heading: str) -> ModuleType:
    """The module that the program under the heading is."""
    module = ModuleType(f"recipe_{re.sub(r'[^a-z]', '_', heading.lower())}")
    sys.modules[module.__name__] = module
    exec(compile(TEXTS[heading], f"{DOCUMENT}: {heading}", "exec"), vars(module))
    return module
