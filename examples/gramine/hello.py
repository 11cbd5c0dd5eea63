#!/usr/bin/python3
"""The application: shows what the premain left for it."""

import os
import sys
from pathlib import Path

print(f"argv: {sys.argv[1:]}")
print(f"greeting: {os.environ['GREETING']}")
print(f"certificate: {len(Path('/run/marble/certificate.pem').read_bytes())} bytes in memory")
note = Path("/data/note")
print(f"encrypted note: {note.read_text() if note.exists() else 'none yet'}")
note.write_text("written by an earlier start")
