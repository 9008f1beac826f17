#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "feedback_system.settings.dev")
    if sys.argv[1:2] == ["migrate"]:  # only the owner may change tables; everything else runs as the plain role
        os.environ["DATABASE_AS_OWNER"] = "1"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
