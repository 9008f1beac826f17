#!/bin/sh
# Runs once, when the database is made: the two roles and their passwords.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /roles.sql
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner="$DATABASE_OWNER_PASSWORD" --set app="$DATABASE_APP_PASSWORD" <<'SQL'
ALTER ROLE feedback_owner PASSWORD :'owner';
ALTER ROLE feedback_app PASSWORD :'app';
SQL
