"""What all settings stand on: the environment, this machine's folder, the company's name."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()

# Embedded servers, keys, media: everything that is this machine's own.
LOCAL_DIR = Path(env("LOCAL_DIR", default=str(BASE_DIR / ".local")))

COMPANY_NAME = env("COMPANY_NAME", default="晴川电器")
