#!/usr/bin/python3
"""The application: shows what the premain left for it."""

import os
import sys
from pathlib import Path

print(f"{os.environ['GREETING']}, {' '.join(sys.argv[1:])}")
certificate = Path("/run/marble/certificate.pem").read_text()
print(f"my certificate: {certificate.splitlines()[0]}")
count = Path("/data/count")
starts = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(starts))
print(f"starts, counted in an encrypted file: {starts}")
