-- Roles of the database, run as a superuser inside the product's database. Running it again changes nothing.
-- feedback_owner owns the tables and migrates; feedback_app is what web, worker and beat connect as: it reads and writes
-- rows, and can neither TRUNCATE nor change a table, so not even a stolen connection can switch off an append-only trigger.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'feedback_owner') THEN
        CREATE ROLE feedback_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'feedback_app') THEN
        CREATE ROLE feedback_app NOLOGIN;
    END IF;
    EXECUTE format('ALTER DATABASE %I OWNER TO feedback_owner', current_database());
END
$$;

GRANT feedback_app TO feedback_owner;  -- so that a test may act as the app: SET ROLE feedback_app
GRANT USAGE ON SCHEMA public TO feedback_app;
ALTER DEFAULT PRIVILEGES FOR ROLE feedback_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO feedback_app;
ALTER DEFAULT PRIVILEGES FOR ROLE feedback_owner GRANT USAGE, SELECT ON SEQUENCES TO feedback_app;

-- A forgotten transaction must not hold its locks for ever. Statements have no limit of their own: exports may be long.
ALTER ROLE feedback_app SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE feedback_app SET transaction_timeout = '30min';

-- Pages ask short questions, many at a time: starting helpers for one, or compiling it, takes longer than the answer.
ALTER ROLE feedback_app SET max_parallel_workers_per_gather = 0;
ALTER ROLE feedback_app SET jit = off;

-- Last, so that a role that can log in is one that is completely set up.
ALTER ROLE feedback_owner LOGIN;
ALTER ROLE feedback_app LOGIN;
